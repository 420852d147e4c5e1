// @vitest-environment happy-dom
// The Training screen before the first run, while members train, and when runs failed.
import { beforeEach, expect, test, vi } from 'vitest'
import type { RunSummary } from '#shared/run.ts'
import { useShellStore } from '#renderer/stores/shell.ts'
import { useShownRuns } from '#renderer/stores/shown-runs.ts'
import { useTraining } from '#renderer/stores/training.ts'
import TrainingView from '#renderer/views/training/TrainingView.vue'
import type { FakeLab } from '../support/fake-lab.ts'
import { drawn, lastAsked, openStudy, showScreen, type Screen } from '../support/screen.ts'

vi.mock('@tanstack/vue-virtual', async () => (await import('../support/all-rows.ts')).allRows)

let fake: FakeLab
beforeEach(async () => {
  fake = await openStudy()
})
const rows = (screen: Screen) => screen.view.findAll('[data-testid=run-row]')
const states = (screen: Screen) => rows(screen).map((row: any) => row.attributes('data-state'))

async function withRuns(change: Partial<RunSummary> = {}): Promise<[Screen, RunSummary]> {
  await useTraining().trainLadder()
  const screen = await showScreen(TrainingView)
  const run = { ...[...fake.runs.values()][0]!, ...change }
  fake.runs.set(run.id, run)
  fake.tell('run', run)
  await drawn()
  return [screen, run]
}

test('before the first run the screen says what will stand here, and one button makes it appear', async () => {
  const screen = await showScreen(TrainingView)
  expect(screen.text()).toContain('No run yet')
  await screen.press('Train this ladder')
  expect(screen.text()).not.toContain('No run yet')
  expect(states(screen)).toEqual(['running', ...Array(rows(screen).length - 1).fill('queued')])
  expect(rows(screen)).toHaveLength([...fake.runs.values()].length)
})

test('before the first run the family can be shaped instead', async () => {
  const screen = await showScreen(TrainingView)
  await screen.press('Shape the family first')
  expect(useShellStore().view).toBe('family')
})

test('a run that trains shows its progress and its loss, and its curve is drawn', async () => {
  const [screen, run] = await withRuns()
  fake.train(run.id, run.steps / 4)
  await drawn()
  await new Promise((resolve) => setTimeout(resolve, 150)) // new points are drawn at most ten times a second
  expect(rows(screen)[0].get('[role=progressbar]').attributes('aria-valuenow')).toBe('25')
  expect(rows(screen)[0].text()).toMatch(/loss \d\.\d/)
  expect(screen.chart(/Training curves/)?.dataset['draws']).toBe('true')
})

test('each text that a run writes appears as it comes, the newest first', async () => {
  const [screen, run] = await withRuns()
  fake.train(run.id, 10)
  for (const [step, text] of [
    [10, 'The first'],
    [20, 'and the second'],
  ] as const) {
    fake.tell('records', { runId: run.id, steps: [], validations: [], samples: [{ step, text }] })
    await drawn()
  }
  const texts = screen.view.findAll('.sample').map((one: any) => one.text())
  expect(texts).toEqual(['step 20and the second', 'step 10The first'])
})

test('a run that trains can be paused, and stopping asks first', async () => {
  const [screen, run] = await withRuns()
  await screen.press(`Stop ${run.name}`)
  expect(lastAsked(fake, 'stopRun')).toBeUndefined()
  useShellStore().question!.run()
  await drawn()
  expect(lastAsked(fake, 'stopRun')).toEqual([run.id])
  expect(states(screen)[0]).toBe('cancelled')
  await screen.press('Pause all')
  expect(states(screen).slice(1)).toEqual(Array(rows(screen).length - 1).fill('paused'))
})

test('a run that failed says why and offers neither pause nor stop', async () => {
  const [screen, run] = await withRuns({ state: 'failed', message: 'The loss became NaN at step 7.' })
  expect(rows(screen)[0].text()).toContain('Failed')
  expect(rows(screen)[0].get('.bad.message').text()).toBe('The loss became NaN at step 7.')
  expect(() => screen.button(`Pause ${run.name}`)).toThrow(/No button/)
  expect(() => screen.button(`Stop ${run.name}`)).toThrow(/No button/)
})

test('the smoothing slider says its window in steps, and the choices of each quantity are remembered', async () => {
  const [screen, run] = await withRuns()
  fake.train(run.id, 200)
  await drawn()
  const window = () => screen.view.get('[data-testid=smoothing-window]').text()
  expect(window()).toBe('± 4 steps') // 0.8 % of 200 steps: a mean of 2 to each side, twice
  const slider = screen.view.get('[role=slider]')
  await slider.trigger('keydown', { key: 'End' })
  expect(window()).toBe('± 64 steps')
  await slider.trigger('keydown', { key: 'Home' })
  expect(window()).toBe('not smoothed')
  const { charts } = JSON.parse(localStorage.getItem('isoflop.training-chart')!)
  expect(Object.keys(charts)).toEqual(['loss'])
  expect(charts.loss.smoothing).toBe(0)
})

test('the legend finds runs by a word, groups them, and shows a group alone', async () => {
  await useTraining().trainLadder()
  for (const [i, run] of [...fake.runs.values()].entries()) {
    for (const seed of [1, 2]) {
      const again = { ...run, id: `${run.id}-${seed}`, seed, createdMs: 100 * i + seed }
      fake.runs.set(again.id, again)
      fake.records.set(again.id, { runId: again.id, steps: [], validations: [], samples: [] })
      fake.tell('run', again)
    }
    fake.train(run.id, 10)
  }
  const screen = await showScreen(TrainingView)
  await drawn()
  const legend = () => screen.view.findAll('.legend .name').map((name: any) => name.text())
  const all = useShownRuns().shown.length
  await screen.view.get('[data-testid=legend-search]').setValue('seed 2')
  expect(legend()).toHaveLength(all / 3)
  await screen.view.get('[data-testid=legend-search]').trigger('keydown', { key: 'Enter' })
  await drawn()
  expect(useShownRuns().shown.every(({ seed }) => seed === 2)).toBe(true)
  await screen.press(`Show all ${all}`)
  expect(useShownRuns().shown).toHaveLength(all)
})
