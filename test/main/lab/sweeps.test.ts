import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { sweepCurves, sweptFields, type SweepRun } from '#shared/sweep/curves.ts'
import type { SweepChoices } from '#shared/sweep/plan.ts'
import { isUnderWay } from '#shared/task-state.ts'
import { tinyLab, tinyStudy, until, type Bench } from '../../support/tiny-lab.ts'

let bench: Bench
beforeEach(() => {
  bench = tinyLab()
})
afterEach(() => bench.clean())

const choices: SweepChoices = {
  field: 'peakLearningRate',
  values: [0.25, 1, 4],
  isRelative: true,
  memberIds: ['w8'],
  seeds: 1,
}

describe('a sweep', () => {
  it('is a study of its own, whose trainings give the curve and whose law is that of the first', async () => {
    const lab = await bench.open()
    const study = await tinyStudy(lab, [8, 12])
    const cost = await lab.sweepCost(study.id, { ...choices, memberIds: ['w8', 'w12'] })
    expect(cost).toMatchObject({ sweepRuns: 6, seedRuns: 0, problem: null, name: 'Tiny, sweep of peak learning rate' })
    expect(await lab.listStudies()).toHaveLength(1)

    const swept = await lab.beginSweep(study.id, { ...choices, memberIds: ['w8', 'w12'] })
    expect(swept).toMatchObject({ name: cost.name, recipe: study.recipe })
    await until(async () => !(await lab.listRuns(swept.id)).some(isUnderWay), 'the end of the sweep', 25_000)
    const runs = await lab.listRuns(swept.id)
    const plans = await lab.readRunPlans(runs.map(({ id }) => id))
    const all = runs.map((run): SweepRun => ({ run, plan: plans.find(({ runId }) => runId === run.id)! }))
    expect(sweptFields(all)).toEqual(['peakLearningRate'])
    const curves = sweepCurves(all, 'peakLearningRate')
    expect(curves.map(({ name, points }) => [name, points.length])).toEqual([
      ['w8', 3],
      ['w12', 3],
    ])
    const own = await lab.planStudy(study.id)
    const { points } = await lab.studyEvidence(swept.id)
    expect(points.map(({ peakLearningRate }) => peakLearningRate)).toEqual(own.map((one) => one.peakLearningRate))
    expect(await lab.listRuns(study.id)).toEqual([])
  })

  it('refuses values that the recipe may not have, and too many trainings', async () => {
    const lab = await bench.open()
    const { id } = await tinyStudy(lab)
    const refused = (changes: object) => expect(lab.beginSweep(id, { ...choices, ...changes })).rejects
    await refused({ isRelative: false, values: [1e-3, 50] }).toThrow(/peakLearningRate must be at most 10/)
    await refused({ field: 'flopsConvention' }).toThrow(/^choices.field/)
    await refused({ values: [1] }).toThrow(/at least two/)
    const many = Array.from({ length: 40 }, (_, i) => i + 1)
    await refused({ values: many, seeds: 50, isRelative: false, field: 'clipNorm' }).toThrow(/2000 trainings; 1000/)
    expect(await lab.listStudies()).toHaveLength(1)
  })

  it('leaves no study behind where its trainings cannot begin', async () => {
    const lab = await bench.open()
    const { id } = await tinyStudy(lab)
    const words = { ...choices, field: 'precision' as const, values: ['fp32', 'bf16'], isRelative: false }
    await expect(lab.beginSweep(id, words)).rejects.toThrow(/bf16/)
    expect(await lab.listStudies()).toHaveLength(1)
  })
})
