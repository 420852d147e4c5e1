// @vitest-environment happy-dom
// Members trained again with other seeds: one point with a spread, every training in the fit.
import { beforeEach, describe, expect, it } from 'vitest'
import { lawOption } from '#renderer/charts/law-chart.ts'
import type { LawPlan } from '#renderer/charts/law-plan.ts'
import { lightTheme } from '#renderer/charts/theme.ts'
import { repeatsOf } from '#shared/repeats.ts'
import { meanOf, spreadOf } from '#shared/statistics.ts'
import { useLawStore } from '#renderer/stores/law.ts'
import { useStudiesStore } from '#renderer/stores/studies.ts'
import { useTraining } from '#renderer/stores/training.ts'
import type { RunSummary } from '#shared/run.ts'
import type { FakeLab } from '../support/fake-lab.ts'
import { loadStores, openWindow } from '../support/window.ts'

let lab: FakeLab
beforeEach(async () => {
  lab = openWindow().fake
  await loadStores()
  await useStudiesStore().create('mine')
})
let created = 0
const finish = (
  memberId: string,
  flops: number,
  loss: number,
  seed: number,
  setting = `setting of ${memberId}`,
): RunSummary => {
  const run = {
    id: `${memberId} ${++created}`,
    studyId: useStudiesStore().currentId!,
    memberId,
    name: memberId,
    state: 'finished',
    step: 100,
    steps: 100,
    tokens: 1e6,
    parameters: 5e4,
    flops,
    flopsPerToken: flops / 1e6,
    validationLoss: loss,
    createdMs: created,
    checkpoints: [],
    seed,
    setting,
  } as unknown as RunSummary
  lab.runs.set(run.id, run)
  lab.tell('run', run)
  return run
}
const standing = (name: string) => useLawStore().standings.find((one) => one.memberId === name)!

describe('seed repeats', () => {
  it('are one point, their mean, with the spread of one training', () => {
    for (const [seed, loss] of [3.0, 3.02, 2.98].entries()) finish('a', 1e12, loss, seed)
    expect(standing('a')).toMatchObject({ losses: [3.0, 3.02, 2.98] })
    expect(standing('a').loss).toBeCloseTo(3, 12)
    expect(standing('a').spread).toBeCloseTo(0.02, 12)
    expect(useLawStore().points).toHaveLength(3)
  })

  it('count in the noise that the band is drawn from', () => {
    for (const [i, flops] of [1e11, 1e12, 1e13].entries())
      for (const [seed, off] of [0.99, 1, 1.01].entries())
        finish(`m${i}`, flops, 3 * (flops / 1e12) ** -0.08 * off, seed)
    const law = useLawStore()
    return expect.poll(() => law.law?.noise ?? 0).toBeCloseTo(Math.sqrt(6e-4 / 7), 4) // nine trainings, two parameters
  })

  it('leave nothing behind when another study is opened', async () => {
    for (const flops of [1e11, 1e12]) finish(`m${flops}`, flops, 3 * (flops / 1e12) ** -0.08, 0)
    const law = useLawStore()
    await expect.poll(() => law.law?.fit?.points).toBe(2)
    await useStudiesStore().create('other')
    expect(law.standings.every(({ run }) => run === null)).toBe(true)
    expect(law.law).toBeNull()
  })

  it('are not made of a training in another setting, nor of the same seed twice', () => {
    finish('a', 1e12, 9, 0, 'another learning rate')
    finish('a', 1e12, 8, 1)
    finish('a', 1e12, 3, 1)
    expect(standing('a')).toMatchObject({ losses: [3], spread: null, loss: 3 })
    expect(repeatsOf([])).toEqual([])
    expect(meanOf([1, 2])).toBe(1.5)
    expect(spreadOf([5])).toBeNull()
  })

  it('are trained when the recipe’s seed is changed', async () => {
    const training = useTraining()
    const studies = useStudiesStore()
    const all = training.waiting
    expect(all.length).toBeGreaterThan(1)
    finish(all[0].memberId, 1, 3, studies.current!.recipe.seed)
    const [run] = [...lab.runs.values()]
    lab.tell('run', { ...run, steps: all[0].steps, parameters: all[0].parameters })
    expect(training.waiting).toHaveLength(all.length - 1)
    studies.change({ recipe: { ...studies.current!.recipe, seed: 7 } })
    expect(training.waiting).toHaveLength(all.length)
  })

  it('have an error bar on the chart', () => {
    const member = {
      id: 'a',
      name: 'a',
      colour: '#7e03a8',
      symbol: 'circle',
      flops: 1e12,
      flopsPerToken: 1e5,
      curve: null,
      loss: 3,
      losses: [2.98, 3.02],
      spread: 0.03,
      isExcluded: false,
      forecast: null,
    }
    const plan: LawPlan = {
      members: [member],
      law: null,
      xScale: 'log',
      yScale: 'linear',
      curves: 'training',
      showBand: true,
      zoom: null,
      pixels: 800,
      convention: '6 N D',
    }
    const { series } = lawOption(plan, lightTheme)!.option as { series: { id: string; data: number[][] }[] }
    expect(series.find(({ id }) => id === 'a seeds')!.data).toEqual([
      [12, 2.97],
      [12, 3.03],
    ])
  })
})
