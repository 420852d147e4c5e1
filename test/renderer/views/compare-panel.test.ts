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
import { drawn, openStudy, showScreen } from '../support/screen.ts'

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

test('with one study there is nothing to compare with', async () => {
  await trainAll()
  const screen = await showScreen(LawView)
  expect(() => screen.button('Compare')).toThrow()
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
  await drawn()
  const screen = await showScreen(LawView)
  await screen.press('Compare')
  useComparisonStore().otherId = first!.id
  await drawn()
  expect(screen.text()).toMatch(/Another: A law of this form has 3 parameters and there are 0 points/)
})
