// @vitest-environment happy-dom
// Sweeps on the Law screen: begun from the dialog with their cost told first, and drawn from the runs there are.
import { beforeEach, expect, test } from 'vitest'
import { sweepCsv, sweepOption } from '#renderer/charts/sweep-chart.ts'
import { lightTheme } from '#renderer/charts/theme.ts'
import { useRunsStore } from '#renderer/stores/runs.ts'
import { useStudiesStore } from '#renderer/stores/studies.ts'
import { useSweepStore } from '#renderer/stores/sweep.ts'
import LawView from '#renderer/views/law/LawView.vue'
import SweepDialog from '#renderer/views/law/sweep/SweepDialog.vue'
import type { FakeLab } from '../support/fake-lab.ts'
import { drawn, lastAsked, openStudy, showScreen } from '../support/screen.ts'

let fake: FakeLab
beforeEach(async () => {
  localStorage.clear()
  fake = await openStudy()
})

const settle = async () => {
  await new Promise((resolve) => setTimeout(resolve, 250))
  await drawn()
}

test('the dialog tells the cost before anything starts, then opens the sweep’s own study', async () => {
  const { currentId } = useStudiesStore()
  await showScreen(SweepDialog)
  useSweepStore().ask()
  await settle()
  const cost = document.querySelector('[data-testid=sweep-cost]')!.textContent!.replace(/\s+/g, ' ')
  expect(cost).toMatch(/25 trainings, .*FLOP.*A study, sweep of peak learning rate/)
  const values = document.querySelector<HTMLInputElement>('[aria-labelledby=sweep-values]')!
  values.value = '0.5, nothing'
  values.dispatchEvent(new Event('input'))
  await settle()
  expect(document.querySelector('[data-testid=sweep-problem]')!.textContent).toContain('“nothing” is no number')
  values.value = '0.5, 1, 2'
  values.dispatchEvent(new Event('input'))
  await settle()
  document.querySelector<HTMLFormElement>('#new-sweep')!.requestSubmit()
  await settle()
  const [studyId, choices] = lastAsked(fake, 'beginSweep')!
  expect(studyId).toBe(currentId)
  expect(choices).toMatchObject({ field: 'peakLearningRate', values: [0.5, 1, 2], isRelative: true, seeds: 1 })
  expect(useStudiesStore().current!.name).toBe('A study, sweep of peak learning rate')
  expect(useSweepStore().page).toBe('sweeps')
})

test('trainings at several values stand on the Sweeps page, with what they say', async () => {
  const studies = useStudiesStore()
  const { id, recipe, ladder } = studies.current!
  for (const peakLearningRate of [2e-3, 4e-3, 8e-3]) {
    studies.change({ recipe: { ...recipe, peakLearningRate } })
    await studies.save()
    await useRunsStore().start(id, [ladder.members[0].id])
    for (const run of fake.runs.values()) if (run.state !== 'finished') fake.train(run.id, run.steps)
    await drawn()
  }
  useSweepStore().page = 'sweeps'
  await showScreen(LawView)
  await settle()
  const panel = document.querySelector('[data-testid=sweep-panel]')!
  expect(panel.querySelectorAll('td')).toHaveLength(4)
  expect(panel.textContent).toMatch(/lies at the edge, so the optimum is unknown|optimum at 0\.00/)
  expect(panel.querySelector('[data-testid=sweep-shift]')!.textContent).toContain('needs two sizes')
  const { curves } = useSweepStore()
  expect(sweepCsv(curves, 'peakLearningRate').split('\n')[0]).toBe(
    'size,parameters,peakLearningRate,seed,validation_loss (nats/token)',
  )
  const drawing = sweepOption(curves, 'Rate', () => ({ colour: '#000000', symbol: 'circle' }), lightTheme)!
  expect(drawing.lines.map(({ points }) => points.map(({ x }) => x))).toEqual([[2e-3, 4e-3, 8e-3]])
  expect(drawing.axes.x.kind).toBe('log')
})
