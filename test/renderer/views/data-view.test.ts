// @vitest-environment happy-dom
// The Data screen without texts, while one is read, when one failed, and while runs hold the study.
import { beforeEach, expect, test } from 'vitest'
import { Fault } from '#shared/fault.ts'
import { useCorporaStore } from '#renderer/stores/corpora.ts'
import { useNoticesStore } from '#renderer/stores/notices.ts'
import { useTraining } from '#renderer/stores/training.ts'
import DataView from '#renderer/views/data/DataView.vue'
import type { FakeLab } from '../support/fake-lab.ts'
import { drawn, lastAsked, openStudy, showScreen } from '../support/screen.ts'

let fake: FakeLab
beforeEach(async () => {
  fake = await openStudy()
})

const path = (view: any): any => view.get('[data-testid=corpus-path]')
const cards = (view: any) => view.findAll('[data-testid=corpus-card]')

test('without a text the card that takes one still stands there', async () => {
  fake.corpora.clear()
  await useCorporaStore().load()
  const screen = await showScreen(DataView)
  expect(cards(screen.view)).toHaveLength(0)
  expect(screen.view.find('[data-testid=corpus-path]').exists()).toBe(true)
  expect(screen.button('Add').disabled).toBe(true)
})

test('a path that is typed is asked for and its text read', async () => {
  const screen = await showScreen(DataView)
  await screen.view.get('[data-testid=corpus-path]').setValue(' /texts/moby.txt ')
  await screen.view.get('form').trigger('submit')
  await drawn()
  expect(lastAsked(fake, 'addCorpus')).toEqual([['/texts/moby.txt'], 'moby'])
  expect(cards(screen.view)).toHaveLength(3)
  expect(path(screen.view).element.value).toBe('')
})

test('a text under way shows how far it is read and can be cancelled', async () => {
  const read = { ...fake.corpora.get('b')!, state: 'running' as const, progress: { doneBytes: 25e6, totalBytes: 1e8 } }
  const screen = await showScreen(DataView)
  fake.tell('corpus', read)
  await drawn()
  const bar = cards(screen.view)[1].get('[role=progressbar]')
  expect(bar.attributes('aria-valuenow')).toBe('25')
  expect(screen.text()).toContain('25.0 MB of 100 MB')
  await screen.press('Cancel')
  expect(lastAsked(fake, 'cancelCorpus')).toEqual(['b'])
})

test('a text that failed says why, cannot be chosen and can be deleted', async () => {
  const message = 'The file is no parquet file.'
  const failed = { ...fake.corpora.get('b')!, origin: 'added' as const, state: 'failed' as const, message }
  const screen = await showScreen(DataView)
  fake.tell('corpus', failed)
  await drawn()
  expect(cards(screen.view)[1].get('[role=alert]').text()).toContain(message)
  expect(screen.button('Use Text b').disabled).toBe(true)
  expect(screen.button('Delete Text b')).toBeDefined()
})

test('a text that the lab refuses is told in passing', async () => {
  const screen = await showScreen(DataView)
  fake.refuse('addCorpus', new Fault('bad-input', 'There is no such file.'))
  await screen.view.get('[data-testid=corpus-path]').setValue('/nowhere')
  await screen.view.get('form').trigger('submit')
  await drawn()
  expect(useNoticesStore().notices.at(-1)?.text).toBe('There is no such file.')
  expect(path(screen.view).element.value).toBe('/nowhere')
})

test('while runs are under way the text and the tokenizer are read-only', async () => {
  const screen = await showScreen(DataView)
  expect(screen.text()).not.toContain('Locked while runs')
  await useTraining().trainLadder()
  await drawn()
  expect(screen.text()).toContain('Locked while runs')
  expect(screen.button('Use Text b').disabled).toBe(true)
  expect(screen.button('GPT-2').disabled).toBe(true)
})
