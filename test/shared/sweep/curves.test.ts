import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { defaultRecipe, type Recipe } from '#shared/family/recipe.ts'
import type { RunPlan, RunSummary } from '#shared/run.ts'
import { parabolaAt, valleyOf } from '#shared/scaling/valley.ts'
import { curveWords, shiftOf, shiftWords, sweepCurves, sweptFields, type SweepRun } from '#shared/sweep/curves.ts'

let made = 0
/** A finished training, or a diverged one where its loss is null. */
function trained(memberId: string, parameters: number, recipe: Partial<Recipe>, loss: number | null): SweepRun {
  const whole = { ...defaultRecipe, ...recipe }
  const shape = { layers: 2, width: 64, heads: 2, context: 128, vocabulary: 257 }
  const run = {
    id: `r${made++}`,
    memberId,
    name: memberId,
    parameters,
    state: loss === null ? 'failed' : 'finished',
    code: loss === null ? 'diverged' : null,
    validationLoss: loss,
  } as RunSummary
  const plan = {
    corpusId: 'c',
    tokenizer: { kind: 'bytes' },
    recipe: whole,
    seed: whole.seed,
    member: {
      shape,
      steps: 100,
      batchSequences: 4,
      warmupSteps: 5,
      tokens: 20 * parameters,
      countedParameters: parameters,
      peakLearningRate: whole.peakLearningRate ?? 0.006,
    },
  } as RunPlan
  return { run, plan }
}

const rates = [1e-3, 2e-3, 4e-3, 8e-3, 1.6e-2]
/** A parabola in ln x with its minimum at `best`. */
const valley = (best: number, rate: number) => 3 + 0.1 * Math.log(rate / best) ** 2
const sweepAt = (memberId: string, parameters: number, best: number, seed = 0, tried = rates) =>
  tried.map((peakLearningRate) =>
    trained(memberId, parameters, { peakLearningRate, seed }, valley(best, peakLearningRate)),
  )

describe('a valley', () => {
  it('lies where the parabola through the best value and its neighbours is lowest', () => {
    fc.assert(
      fc.property(fc.double({ min: 1.2e-3, max: 1.5e-2, noNaN: true }), (best) => {
        const found = valleyOf(rates.map((x) => ({ x, loss: valley(best, x) })))!
        // within a quarter of a step of an end the end itself is best
        fc.pre(!found.isAtEdge)
        expect(found.between).toBeCloseTo(best, 6)
        expect(found.least).toBeCloseTo(3, 9)
        expect(parabolaAt(found, found.x)).toBeCloseTo(found.loss, 9)
      }),
    )
  })

  it('is not known at an edge, and is beside a value that diverged', () => {
    const falling = valleyOf(rates.map((x) => ({ x, loss: 1 / x })))!
    expect(falling).toMatchObject({ x: 1.6e-2, isAtEdge: true, side: 'high', between: 1.6e-2, parabola: null })
    const diverging = valleyOf(rates.map((x) => ({ x, loss: x > 1e-2 ? null : 1 / x })))!
    expect(diverging).toMatchObject({ x: 8e-3, isAtEdge: false, between: 8e-3, parabola: null })
    expect(valleyOf([{ x: 1, loss: null }])).toBeNull()
  })
})

describe('a sweep', () => {
  it('finds the optimum of each size and how it moves with size', () => {
    const all = [1e5, 4e5, 1.6e6].flatMap((n) => sweepAt(`m${n}`, n, 4e-3 * (n / 4e5) ** -0.25))
    expect(sweptFields(all)).toEqual(['peakLearningRate'])
    const curves = sweepCurves(all, 'peakLearningRate')
    expect(curves.map(({ valley: found }) => found!.between)).toEqual([
      expect.closeTo(4e-3 * 4 ** 0.25, 6),
      expect.closeTo(4e-3, 6),
      expect.closeTo(4e-3 * 4 ** -0.25, 6),
    ])
    const shift = shiftOf(curves)!
    expect(shift).toMatchObject({ exponent: expect.closeTo(-0.25, 6), sizes: 3 })
    expect(shift.interval!.high).toBeLessThan(0)
    expect(shiftWords(curves)).toMatch(/N\^−0.25 over 3 sizes .*falls as models grow/)
  })

  it('says that an optimum at the edge is unknown, and leaves it out of how it moves', () => {
    const all = [...sweepAt('small', 1e5, 0.05), ...sweepAt('large', 4e5, 4e-3)]
    const curves = sweepCurves(all, 'peakLearningRate')
    expect(curveWords(curves[0])).toBe(
      'small: the best of 5 values, 0.016, lies at the edge, so the optimum is unknown. Try larger values.',
    )
    expect(shiftOf(curves)).toBeNull()
    expect(shiftWords(curves)).toMatch(/unknown/)
  })

  it('gives the optimum an interval from the seeds, and none where a seed has its best at the edge', () => {
    const inside = [0, 1, 2].flatMap((seed) => sweepAt('m', 1e5, 4e-3 * 1.1 ** (seed - 1), seed))
    const [curve] = sweepCurves(inside, 'peakLearningRate')
    expect(curve.points.every(({ losses, error }) => losses.length === 3 && error !== null)).toBe(true)
    expect(curve.valley!.between).toBeCloseTo(4e-3, 6)
    // t(2) = 4.303 times the spread ln 1.1 over the root of 3
    expect(curve.interval!.high / 4e-3).toBeCloseTo(Math.exp((4.3027 * Math.log(1.1)) / Math.sqrt(3)), 3)
    const atEdge = sweepAt('m', 1e5, 0.1, 3)
    expect(sweepCurves([...inside, ...atEdge], 'peakLearningRate')[0].interval).toBeNull()
  })

  it('does not mix trainings that differ in more than the field', () => {
    const other = rates.slice(0, 2).map((rate) => trained('m', 1e5, { peakLearningRate: rate, decay: 'wsd' }, 1))
    const [curve] = sweepCurves([...other, ...sweepAt('m', 1e5, 4e-3)], 'peakLearningRate')
    expect(curve.points.map(({ loss }) => loss)).toEqual(rates.map((rate) => valley(4e-3, rate)))
  })

  it('compares words and seeds without a valley', () => {
    const decays = (['linear', 'cosine', 'wsd'] as const).map((decay, i) => trained('m', 1e5, { decay }, 3 - i / 10))
    expect(sweepCurves(decays, 'decay').map(curveWords)).toEqual(['m: wsd has the lowest loss, 2.8000.'])
    const seeds = [0, 1, 2].map((seed) => trained('m', 1e5, { seed }, 3 + seed / 100))
    expect(sweptFields(seeds)).toEqual(['seed'])
    expect(sweepCurves(seeds, 'seed').map(curveWords)).toEqual([
      'm: mean loss 3.0100 over 3 seeds, standard deviation 0.0100.',
    ])
    expect(shiftWords(sweepCurves(seeds, 'seed'))).toBeNull()
  })

  it('leaves out what began from a model’s weights, and what is not over', () => {
    const all = sweepAt('m', 1e5, 4e-3)
    all[0].run.origin = { modelId: 'x', name: 'x' } as RunSummary['origin']
    all[1].run.state = 'running'
    expect(sweepCurves(all, 'peakLearningRate')[0].points.map(({ x }) => x)).toEqual(rates.slice(2))
  })
})
