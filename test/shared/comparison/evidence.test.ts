import { describe, expect, it } from 'vitest'
import { evidenceOf } from '#shared/comparison/evidence.ts'
import { planLadder } from '#shared/family/plan.ts'
import { starterPreset, studyPartsOf } from '#shared/family/presets.ts'
import type { Recipe } from '#shared/family/recipe.ts'
import type { RunPlan, RunSummary } from '#shared/run.ts'
import type { Study } from '#shared/study.ts'
import { makeRunPlan, queuedSummary } from '#main/lab/runs/make-run.ts'

const parts = studyPartsOf(starterPreset)
const study: Study = {
  id: 's',
  name: 'Standard',
  corpusId: 'c',
  tokenizer: { kind: 'bpe', vocabulary: 512 },
  recipe: parts.recipe,
  ladder: parts.ladder,
  isArchived: false,
  createdMs: 0,
  updatedMs: 0,
}

/** A finished training of the study under a changed recipe. */
function trained(
  id: string,
  loss: number,
  changes: Partial<Recipe> = {},
  member = 0,
): { run: RunSummary; plan: RunPlan } {
  const recipe = { ...study.recipe, ...changes }
  const [planned] = planLadder(
    { ...study.ladder, members: [study.ladder.members[member]] },
    { recipe, vocabulary: 512 },
    null,
    { memoryBytes: 1e10, calibration: [] },
  )
  const plan = makeRunPlan({ ...study, recipe }, planned, id, 'native', 1)
  const { tokens, steps } = planned
  const run: RunSummary = {
    ...queuedSummary(plan, 0),
    state: 'finished',
    step: steps,
    tokens,
    validationLoss: loss,
    elapsedMs: 5000,
  }
  return { plan, run }
}

const evidence = (
  trainings: { run: RunSummary; plan: RunPlan }[],
  cooldownLoss: (run: RunSummary) => number | null = () => null,
) =>
  evidenceOf({
    study,
    runs: trainings.map(({ run }) => run),
    plans: trainings.map(({ plan }) => plan),
    cooldownLoss,
    textOf: ({ corpusId, tokenizer }) => ({ corpusId, name: 'Text', content: 'x', tokenizer, bytesPerToken: 2 }),
  })

describe('the evidence of a study', () => {
  it('counts each seed once, and no training of another setting than the last', () => {
    const { points } = evidence([
      trained('rate', 3.9, { peakLearningRate: 0.04 }),
      trained('first', 3.6),
      trained('again', 3.61),
      trained('other', 3.62, { seed: 1 }),
      trained('larger', 3.1, {}, 1),
    ])
    expect(points.map(({ seed, loss }) => [seed, loss])).toEqual([
      [0, 3.61],
      [1, 3.62],
      [0, 3.1],
    ])
    expect(points[0].flops).toBeCloseTo(2.31e11, -9)
  })

  it('says of each training what itself read, though the study has another tokenizer now', () => {
    const { run, plan } = trained('bytes', 3.6)
    const { points } = evidence([{ run, plan: { ...plan, corpusId: 'old', tokenizer: { kind: 'bytes' } } }])
    expect(points[0].text).toMatchObject({ corpusId: 'old', tokenizer: { kind: 'bytes' } })
  })

  it('leaves out what is not finished, began from a model, or has other tokens per parameter', () => {
    const origin = { kind: 'model', modelId: 'm' } as never
    const going = trained('going', 3.5)
    const continued = trained('continued', 3.4)
    const { points } = evidence([
      { ...going, run: { ...going.run, state: 'running' } },
      { ...continued, run: { ...continued.run, origin } },
      trained('longer', 3.3, { tokensPerParameter: 40 }),
    ])
    expect(points).toEqual([])
  })

  it('finds the sweep among the trainings, and whether its best lies inside', () => {
    // by rule the narrowest member has 0.01, which the law's own training gives to the sweep
    const sweep = (rates: [number, number][]) =>
      evidence([
        ...rates.map(([peakLearningRate, loss]) => trained(`rate ${peakLearningRate}`, loss, { peakLearningRate })),
        trained('law', 3.6),
      ]).sweeps
    const inside: [number, number][] = [
      [0.005, 3.7],
      [0.02, 3.65],
    ]
    expect(sweep(inside)).toMatchObject([{ best: 0.01, isInterior: true, used: 0.01 }])
    const edge: [number, number][] = [
      [0.02, 3.5],
      [0.005, 3.7],
    ]
    expect(sweep(edge)).toMatchObject([{ best: 0.02, isInterior: false, used: 0.01 }])
    expect(sweep([[0.02, 3.5]])).toEqual([])
  })

  it('takes a run with three decays at the one that has the recipe’s tokens', () => {
    const { run, plan } = trained('wsd-s', 3.2, { decay: 'wsd-s' })
    const { points } = evidence([{ run, plan }], () => 3.4)
    expect(run.cooldowns).toHaveLength(3)
    expect(points[0]).toMatchObject({ loss: 3.4, tokens: run.tokens / 2, seconds: 2.5 })
  })
})
