import { describe, expect, it } from 'vitest'
import type { TransferPoint } from '#shared/mup/check.ts'
import { planCheck } from '#shared/mup/plan.ts'
import { defaultRecipe } from '#shared/family/recipe.ts'
import { learningRateSweep } from '#main/core/mup-checks/transfer.ts'
import { checkDeps, engineHere } from './texts.ts'

const recipe = { ...defaultRecipe, context: 16, initStd: 0.08, mupBaseWidth: 16 }
const planOf = (changes: Parameters<typeof planCheck>[1], recipeChanges = {}) => ({
  ...planCheck(
    'transfer',
    { seeds: 1, ...changes },
    { recipe: { ...recipe, ...recipeChanges }, vocabulary: 257, engine: engineHere, threads: 1 },
  ),
  rows: 4,
})

async function sweep(plan: ReturnType<typeof planOf>): Promise<TransferPoint[]> {
  const points: TransferPoint[] = []
  let last = 0
  for await (const record of learningRateSweep(plan, checkDeps(16))) {
    expect(record.share).toBeGreaterThanOrEqual(last)
    last = record.share
    if (record.kind === 'transfer') points.push(record.point)
  }
  expect(last).toBeCloseTo(1, 12)
  return points
}

describe('the learning-rate sweep', () => {
  it('gives one point for each parametrisation, width and rate, and the same ones again', async () => {
    const plan = planOf({ widths: [8, 16], layers: 1, steps: 6, learningRates: [1e-4, 3e-3, 1e-2] })
    const points = await sweep(plan)
    expect(points.map(({ parametrisation, width, learningRate }) => [parametrisation, width, learningRate])).toEqual(
      ['standard', 'mup'].flatMap((name) =>
        [8, 16].flatMap((width) => [1e-4, 3e-3, 1e-2].map((rate) => [name, width, rate])),
      ),
    )
    const of = (width: number) =>
      points.filter((point) => point.parametrisation === 'standard' && point.width === width).map(({ loss }) => loss!)
    // six steps at 1e-4 teach next to nothing
    for (const width of [8, 16]) expect(of(width)[2]).toBeLessThan(of(width)[0])
    expect(await sweep(plan)).toEqual(points)
  })

  it('with seeds gives every model as often, with other weights and another order of the text', async () => {
    const points = await sweep(
      planOf({ widths: [8, 16], layers: 1, steps: 3, learningRates: [1e-3, 2e-3, 3e-3], seeds: 2 }),
    )
    expect(points.map(({ seed }) => seed)).toEqual([...Array(12).fill(0), ...Array(12).fill(1)])
    for (let i = 0; i < 12; i++) expect(points[i].loss).not.toBe(points[12 + i].loss)
  })

  it('says so where a rate makes a model diverge, and goes on with the next', async () => {
    const points = await sweep(planOf({ widths: [8, 16], layers: 1, steps: 12, learningRates: [1e-3, 1e-2, 90] }))
    expect(points.length).toBe(12)
    expect(points.filter(({ learningRate }) => learningRate === 90).some(({ loss }) => loss === null)).toBe(true)
    for (const { loss } of points.filter(({ learningRate }) => learningRate < 1)) expect(loss).toBeGreaterThan(0)
  })
})
