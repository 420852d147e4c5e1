import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { isUnderWay } from '#shared/task-state.ts'
import { tinyLab, tinyStudy, until, type Bench } from '../../support/tiny-lab.ts'

let bench: Bench
beforeEach(() => {
  bench = tinyLab()
})
afterEach(() => bench.clean())

const choices = { seeds: 2, isSwept: true }

describe('trying a change', () => {
  it('makes the twin, trains its sweep and its seeds, and brings both to a comparison', async () => {
    const lab = await bench.open()
    const study = await tinyStudy(lab)
    const change = { decay: study.recipe.decay === 'wsd' ? ('cosine' as const) : ('wsd' as const) }
    const cost = await lab.trialCost(study.id, change, choices)
    const members = study.ladder.members.filter(({ isEnabled }) => isEnabled).length
    expect(cost).toMatchObject({ sweepRuns: 4, seedRuns: 2 * members, problem: null })
    expect(await lab.listStudies()).toHaveLength(1)

    const twin = await lab.beginTrial(study.id, change, choices)
    expect(twin).toMatchObject({ name: cost.name, recipe: { ...study.recipe, ...change }, ladder: study.ladder })
    await until(async () => !(await lab.listRuns(twin.id)).some(isUnderWay), 'the end of the trial', 25_000)
    expect((await lab.listRuns(twin.id)).map(({ state, message }) => [state, message])).toEqual(
      Array(6).fill(['finished', null]),
    )
    const { points, sweeps } = await lab.studyEvidence(twin.id)
    expect(points.filter(({ name }) => name === points[0].name).map(({ seed }) => seed)).toEqual([
      study.recipe.seed,
      study.recipe.seed + 1,
    ])
    expect(sweeps).toMatchObject([{ rates: { length: 5 }, used: points[0].peakLearningRate }])
    expect(await lab.listRuns(study.id)).toEqual([])
  })

  it('changes one field, to another value that can be', async () => {
    const lab = await bench.open()
    const study = await tinyStudy(lab)
    const refused = (change: object) => expect(lab.beginTrial(study.id, change, choices)).rejects
    await refused({ decay: study.recipe.decay }).toThrow(/has .* already/)
    await refused({ decay: 'cosine', weightDecay: 0 }).toThrow(/exactly one field/)
    await refused({}).toThrow(/exactly one field/)
    await refused({ decay: 'slowly' }).toThrow(/^change.decay/)
    await refused({ colour: 'red' }).toThrow(/^change/)
    expect(await lab.listStudies()).toHaveLength(1)
  })

  it('leaves no twin behind where its trainings cannot begin', async () => {
    const lab = await bench.open()
    const study = await tinyStudy(lab)
    await expect(lab.beginTrial(study.id, { precision: 'bf16' }, choices)).rejects.toThrow(/bf16/)
    expect(await lab.listStudies()).toHaveLength(1)
  })
})
