import { describe, expect, it } from 'vitest'
import type { CheckRecord, CoordinatePoint } from '#shared/mup/check.ts'
import { planCheck } from '#shared/mup/plan.ts'
import { coordinateVerdicts } from '#shared/mup/verdict.ts'
import { defaultRecipe } from '#shared/family/recipe.ts'
import { coordinateCheck } from '#main/core/mup-checks/coordinates.ts'
import { checkDeps, engineHere } from './texts.ts'

const recipe = { ...defaultRecipe, context: 32, initStd: 0.08, mupBaseWidth: 64 }
const planOf = (changes: Parameters<typeof planCheck>[1]) => ({
  ...planCheck('coordinates', changes, { recipe, vocabulary: 257, engine: engineHere, threads: 2 }),
  rows: 4,
})

async function pointsOf(records: AsyncIterable<CheckRecord>): Promise<CoordinatePoint[]> {
  const points: CoordinatePoint[] = []
  for await (const record of records) if (record.kind === 'coordinates') points.push(...record.points)
  return points
}

describe('the coordinate check', () => {
  it('finds activations within a factor of two from width 64 to 512 after 10 steps under muP, and not under standard parametrisation', async () => {
    const plan = planOf({ widths: [64, 512], steps: 10, learningRates: [6e-3] })
    const [standard, mup] = coordinateVerdicts(await pointsOf(coordinateCheck(plan, checkDeps(32))))
    expect(mup).toMatchObject({ parametrisation: 'mup', step: 10, widths: [64, 512], isStable: true })
    expect(mup.spreads.map(({ place }) => place)).toEqual([
      'embedding',
      'attention',
      'mlp',
      'block',
      'attention',
      'mlp',
      'block',
      'logits',
    ])
    for (const { ratio } of mup.spreads) expect(ratio).toBeLessThan(2)
    expect(standard.isStable).toBe(false)
    for (const { ratio, slope } of standard.spreads.filter(({ place }) => place === 'block')) {
      expect(ratio).toBeGreaterThan(4)
      expect(slope).toBeGreaterThan(0)
    }
  }, 120_000)

  it('reads every place of every model before the first step and after each', async () => {
    const plan = planOf({ widths: [8, 16], steps: 2 })
    const points = await pointsOf(coordinateCheck(plan, checkDeps(32)))
    expect(points.length).toBe(2 * 2 * 3 * 8)
    for (const { step, rms, change } of points) {
      expect(rms).toBeGreaterThan(0)
      if (step === 0) expect(change).toBe(0)
      else expect(change).toBeGreaterThan(0)
    }
    const block = points.find(({ place, step }) => place === 'embedding' && step === 0)!
    // Two truncated normals of std 0.08 added: 0.08 · sqrt(2) · 0.88.
    expect(block.rms).toBeGreaterThan(0.08)
    expect(block.rms).toBeLessThan(0.12)
  })

  it('stops between steps when asked', async () => {
    const stopping = new AbortController()
    const shares: number[] = []
    for await (const { share } of coordinateCheck(
      planOf({ widths: [8, 16], steps: 50 }),
      checkDeps(32, stopping.signal),
    )) {
      shares.push(share)
      if (shares.length === 3) stopping.abort()
    }
    expect(shares.length).toBe(3)
    expect(shares).toEqual([...shares].sort((a, b) => a - b))
  })
})
