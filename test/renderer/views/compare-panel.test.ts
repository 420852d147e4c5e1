// @vitest-environment happy-dom
// The Law screen with another study beside the open one: chosen, compared, and what makes it fair.
import { beforeEach, expect, test } from 'vitest'
import {
  comparedLawsCsv,
  comparedLawsOption,
  multiplierCsv,
  multiplierOption,
} from '#renderer/charts/comparison-chart.ts'
import { darkTheme } from '#renderer/charts/theme.ts'
import { useComparisonStore } from '#renderer/stores/comparison.ts'
import { useStudiesStore } from '#renderer/stores/studies.ts'
import { useTraining } from '#renderer/stores/training.ts'
import LawView from '#renderer/views/law/LawView.vue'
import type { FakeLab } from '../support/fake-lab.ts'
import { drawn, lastAsked, openStudy, showScreen } from '../support/screen.ts'

let fake: FakeLab
beforeEach(async () => {
  localStorage.clear()
  fake = await openStudy()
})

async function trainAll(): Promise<void> {
  await useTraining().trainLadder()
  for (const run of fake.runs.values()) if (run.state !== 'finished') fake.train(run.id, run.steps)
  await drawn()
}

test('before anything is trained there is nothing to compare', async () => {
  const screen = await showScreen(LawView)
  expect(() => screen.button('Compare')).toThrow()
})

test('a change is tried: its cost is told first, then the twin is what the study is compared with', async () => {
  await trainAll()
  const screen = await showScreen(LawView)
  await screen.press('Compare')
  await screen.press('Try a change…')
  await new Promise((resolve) => setTimeout(resolve, 250))
  await drawn()
  const told = document.querySelector('[data-testid=trial-cost]')!.textContent!.replace(/\s+/g, ' ')
  expect(told).toMatch(/19 trainings: 4 for the learning rate, 15 of its members\. .*FLOP.*A study, decay wsd/)
  expect(lastAsked(fake, 'beginTrial')).toBeUndefined()
  document.querySelector<HTMLFormElement>('#try-change')!.requestSubmit()
  await drawn()
  const [studyId, change, choices] = lastAsked(fake, 'beginTrial')!
  expect([studyId, change, choices]).toEqual([
    useStudiesStore().currentId,
    { decay: 'wsd' },
    { seeds: 3, isSwept: true },
  ])
  expect(useComparisonStore().others.find(({ id }) => id === useComparisonStore().otherId)!.name).toBe(
    'A study, decay wsd',
  )
})

test('two trained studies stand in one chart, with the multiplier, a verdict and what differs', async () => {
  await trainAll()
  const [first] = useStudiesStore().studies
  await useStudiesStore().create('Another')
  await drawn()
  await trainAll()
  const screen = await showScreen(LawView)
  await screen.press('Compare')
  expect(screen.text()).toContain('No other study chosen')
  useComparisonStore().otherId = first!.id
  await drawn()
  await drawn()
  expect(screen.chart(/Both laws/)!.dataset['draws']).toBe('true')
  expect(screen.chart(/Multiplier/)!.dataset['draws']).toBe('true')
  expect(screen.view.get('[data-testid=verdict]').text()).toMatch(/needs|no difference/)
  expect(screen.view.get('[data-testid=fairness]').text()).toContain('Nothing in the recipes differs')

  const { answer, comparison } = useComparisonStore()
  if (!answer || answer.problem !== null) throw new Error(answer?.problem)
  const plan = { multiplier: answer.multiplier, names: comparison!.names, xName: 'FLOPs', yName: 'loss' }
  const ids = ({ option }: ReturnType<typeof multiplierOption>) =>
    option.series.map((one) => (one as { id: string }).id)
  expect(ids(comparedLawsOption(plan, darkTheme))).toContain('a law')
  expect(ids(multiplierOption(plan, darkTheme))).toEqual(
    expect.arrayContaining(['even', 'multiplier', 'multiplier beyond']),
  )
  const points = answer.multiplier.points
  expect(comparedLawsCsv(plan).trim().split('\n')).toHaveLength(1 + points.a.length + points.b.length)
  expect(multiplierCsv(plan).split('\n')[0]).toBe('FLOPs,multiplier,low,high')
})

test('a study without runs says what is missing', async () => {
  await trainAll()
  const [first] = useStudiesStore().studies
  await useStudiesStore().create('Another')
  useStudiesStore().open(first!.id)
  await drawn()
  const screen = await showScreen(LawView)
  await screen.press('Compare')
  useComparisonStore().otherId = useStudiesStore().studies.find(({ name }) => name === 'Another')!.id
  await drawn()
  expect(screen.text()).toMatch(/Another: A law of this form has 3 parameters; 0 points so far/)
})
