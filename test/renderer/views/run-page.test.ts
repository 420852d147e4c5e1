// @vitest-environment happy-dom
// The page of a run: its choices beside others', notes, the command that repeats it, and how it went.
import { beforeEach, expect, test, vi } from 'vitest'
import { useShellStore } from '#renderer/stores/shell.ts'
import { useShownRuns } from '#renderer/stores/shown-runs.ts'
import { useStudiesStore } from '#renderer/stores/studies.ts'
import { useTraining } from '#renderer/stores/training.ts'
import TrainingView from '#renderer/views/training/TrainingView.vue'
import type { FakeLab } from '../support/fake-lab.ts'
import { drawn, lastAsked, openStudy, showScreen, type Screen } from '../support/screen.ts'

vi.mock('@tanstack/vue-virtual', async () => (await import('../support/all-rows.ts')).allRows)

let fake: FakeLab
let screen: Screen
let runId: string
beforeEach(async () => {
  fake = await openStudy()
  await useTraining().trainLadder()
  runId = [...fake.runs.keys()][0]
  screen = await showScreen(TrainingView)
  useShownRuns().openId = runId
  await drawn()
})
const differing = () =>
  screen.view
    .findAll('[data-testid=configuration-line].differs')
    .map((line: any) => line.findAll('th, td').map((cell: any) => cell.text()))

test('every choice is there, none of them other than the study’s', () => {
  expect(screen.text()).toContain('Weight decay')
  expect(screen.text()).toContain('Text a')
  expect(differing()).toEqual([])
})

test('what the study has changed since is marked with both values', async () => {
  const studies = useStudiesStore()
  studies.change({ recipe: { ...studies.current!.recipe, weightDecay: 0.3 } })
  await drawn()
  expect(differing()).toEqual([['Weight decay', '0.1', '0.3']])
})

test('the command that repeats it names its shape and seed', () => {
  const command = screen.view.get('[data-testid=repeat-command]').text()
  expect(command).toMatch(
    /^isoflop train --corpus 'Text a' --tokenizer \S+ --shape \d+,\d+,\d+ .*--seed 0 --engine native/,
  )
})

test('its charts draw when it trains, and its log grows', async () => {
  expect(screen.view.findAll('figure')).toHaveLength(4)
  fake.train(runId, fake.runs.get(runId)!.steps)
  await drawn()
  await new Promise((resolve) => setTimeout(resolve, 150))
  expect(screen.view.findAll('figure').map((one: any) => one.attributes('data-draws'))).toEqual(Array(4).fill('true'))
  expect(screen.view.get('[aria-label="Log of the run"]').text()).toMatch(/validation loss \d\.\d{4}/)
})

test('a note is kept when its field is left', async () => {
  await screen.view.get('textarea').setValue('Learns slowly')
  await screen.view.get('textarea').trigger('change')
  await drawn()
  expect(lastAsked(fake, 'annotate')).toEqual(['run', runId, { note: 'Learns slowly' }])
})

test('one comes back to all runs, and a deleted run has no page', async () => {
  await screen.press('All runs')
  expect(screen.view.find('[data-testid=run-page]').exists()).toBe(false)
  useShownRuns().openId = runId
  await drawn()
  fake.tell('runDeleted', { runId })
  await drawn()
  expect(screen.view.find('[data-testid=run-page]').exists()).toBe(false)
  expect(useShellStore().view).toBe('training')
})
