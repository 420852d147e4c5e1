// @vitest-environment happy-dom
// The Data screen without texts, while one is read, when one failed, and while runs hold the study.
import { beforeEach, expect, test } from 'vitest'
import { Fault } from '#shared/fault.ts'
import { useCorporaStore } from '#renderer/stores/corpora.ts'
import { useNoticesStore } from '#renderer/stores/notices.ts'
import { useStudiesStore } from '#renderer/stores/studies.ts'
import { useTraining } from '#renderer/stores/training.ts'
import DataView from '#renderer/views/data/DataView.vue'
import type { FakeLab } from '../support/fake-lab.ts'
import { drawn, lastAsked, openStudy, showScreen } from '../support/screen.ts'

let fake: FakeLab
beforeEach(async () => {
  fake = await openStudy()
})

const path = (view: any): any => view.get('[data-testid=corpus-path]')
const rows = (view: any) => view.findAll('[data-testid=corpus-row]')

test('without a text the way in for one still stands there', async () => {
  fake.corpora.clear()
  await useCorporaStore().load()
  const screen = await showScreen(DataView)
  expect(rows(screen.view)).toHaveLength(0)
  expect(screen.view.find('[data-testid=corpus-path]').exists()).toBe(true)
  expect(screen.button('Add').disabled).toBe(true)
})

test('a path that is typed is asked for and its text read', async () => {
  const screen = await showScreen(DataView)
  await screen.view.get('[data-testid=corpus-path]').setValue(' /texts/moby.txt ')
  await screen.view.get('form').trigger('submit')
  await drawn()
  expect(lastAsked(fake, 'addCorpus')).toEqual([['/texts/moby.txt'], 'moby'])
  expect(rows(screen.view)).toHaveLength(3)
  expect(path(screen.view).element.value).toBe('')
})

test('a text under way shows how far it is read and can be cancelled', async () => {
  const read = { ...fake.corpora.get('b')!, state: 'running' as const, progress: { doneBytes: 25e6, totalBytes: 1e8 } }
  const screen = await showScreen(DataView)
  fake.tell('corpus', read)
  await drawn()
  const bar = rows(screen.view)[1].get('[role=progressbar]')
  expect(bar.attributes('aria-valuenow')).toBe('25')
  expect(screen.text()).toContain('25.0 MB of 100 MB')
  await screen.press('Cancel')
  expect(lastAsked(fake, 'cancelCorpus')).toEqual(['b'])
})

const look = async (view: any, place: number) => {
  await rows(view)[place].trigger('click')
  await drawn()
}

test('a text that failed is a notice above the list, and is away once it is dismissed', async () => {
  const message = 'The file is no parquet file.'
  const failed = { ...fake.corpora.get('b')!, origin: 'added' as const, state: 'failed' as const, message }
  const screen = await showScreen(DataView)
  fake.tell('corpus', failed)
  await drawn()
  expect(rows(screen.view)).toHaveLength(1)
  expect(screen.view.get('[data-testid=corpus-failure]').text()).toContain(message)
  expect(screen.view.find('[data-testid=corpus-failure] .fields').exists()).toBe(false)
  await screen.press('Delete Text b')
  expect(lastAsked(fake, 'deleteCorpus')).toEqual(['b'])
  expect(screen.view.find('[data-testid=corpus-failure]').exists()).toBe(false)
})

test('where the field with the text is not there, another can be chosen', async () => {
  const failed = { ...fake.corpora.get('b')!, state: 'failed' as const, fields: ['title', 'body'] }
  const screen = await showScreen(DataView)
  fake.tell('corpus', failed)
  await drawn()
  const choice = screen.view.findComponent({ name: 'SelectChoice' })
  expect(choice.props('options')).toEqual([
    { value: 'title', text: 'title' },
    { value: 'body', text: 'body' },
  ])
  choice.vm.$emit('update:modelValue', 'body')
  await drawn()
  expect(lastAsked(fake, 'changeCorpus')).toEqual(['b', { field: 'body' }])
  expect(rows(screen.view)).toHaveLength(2)
})

test('a press on a row looks at the text; only the button takes it into the study', async () => {
  const screen = await showScreen(DataView)
  const [own, other] = [...fake.corpora.values()]
  expect(useStudiesStore().current!.corpusId).toBe(own!.id)
  await look(screen.view, 1)
  expect(lastAsked(fake, 'corpusText')).toEqual([other!.id, 'train', 0])
  expect(screen.text()).toContain(`The beginning of ${other!.id}.`)
  expect(useStudiesStore().current!.corpusId).toBe(own!.id)
  await screen.press('Use in this study')
  expect(useStudiesStore().current!.corpusId).toBe(other!.id)
  expect(screen.view.find('[data-testid=use-corpus]').exists()).toBe(false)
})

test('a text is renamed, and given a licence and notes', async () => {
  const mine = { ...fake.corpora.get('b')!, origin: 'added' as const, licence: null }
  fake.corpora.set('b', mine)
  const screen = await showScreen(DataView)
  fake.tell('corpus', mine)
  await look(screen.view, 1)
  await screen.view.get('input[aria-label="Name of the text"]').setValue('Whale')
  await screen.view.get('#corpus-licence').setValue('CC BY 4.0')
  await screen.view.get('#corpus-notes').setValue('Without chapter 32.')
  await drawn()
  expect(fake.corpora.get('b')).toMatchObject({ name: 'Whale', licence: 'CC BY 4.0', notes: 'Without chapter 32.' })
  await look(screen.view, 0)
  expect(screen.view.get('#corpus-licence').attributes('disabled')).toBeDefined() // it came with the lab
})

test('the list is searched by every word, in name, licence and notes', async () => {
  const screen = await showScreen(DataView)
  fake.tell('corpus', { ...fake.corpora.get('b')!, notes: 'About whales' })
  await drawn()
  await screen.view.get('[data-testid=corpus-search]').setValue('whales CC0')
  expect(rows(screen.view)).toHaveLength(1)
  await screen.view.get('[data-testid=corpus-search]').setValue('whales nowhere')
  expect(rows(screen.view)).toHaveLength(0)
  expect(screen.text()).toContain('No text has these words.')
})

test('what looks like no text is warned of', async () => {
  const screen = await showScreen(DataView)
  fake.tell('corpus', { ...fake.corpora.get('b')!, warning: '12 % of it are control characters.' })
  await look(screen.view, 1)
  expect(screen.view.get('[data-testid=corpus-warning]').text()).toContain('12 %')
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
  await look(screen.view, 1)
  expect(screen.text()).toContain('The beginning of b.') // looking is free at any time
  expect(screen.button('Use in this study').disabled).toBe(true)
  expect(screen.button('GPT-2').disabled).toBe(true)
})
