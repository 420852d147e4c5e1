import { describe, expect, it } from 'vitest'
import { planCheck, shareOf, usualChoices } from '#shared/mup/plan.ts'
import { defaultRecipe } from '#shared/family/recipe.ts'

const basis = { recipe: { ...defaultRecipe, mupBaseWidth: 64 }, vocabulary: 257, engine: 'native', threads: 0 } as const

describe('the plan of a check', () => {
  it('has both parametrisations at every width and rate, alike in all but their scales', () => {
    const choices = { widths: [128, 64], learningRates: [4e-3, 1e-3, 2e-3] }
    const { models } = planCheck('transfer', { ...choices, seeds: 1 }, basis)
    expect(models.map(({ parametrisation, width, learningRate }) => [parametrisation, width, learningRate])).toEqual(
      ['standard', 'mup'].flatMap((name) =>
        [64, 128].flatMap((width) => [1e-3, 2e-3, 4e-3].map((rate) => [name, width, rate])),
      ),
    )
    const [standard, mup] = [models[3].model, models[9].model]
    expect({ ...mup, parametrisation: null }).toEqual({ ...standard, parametrisation: null })
    expect(mup.parametrisation.learningRateScale.matrix).toBe(1 / 2)
    expect(mup.parametrisation.outputScale).toBe(1 / 2)
    expect(standard.parametrisation.learningRateScale.matrix).toBe(1)
    const thrice = planCheck('transfer', choices, basis)
    expect(thrice.models.map(({ seed }) => seed)).toEqual([0, 1, 2].flatMap((seed) => Array(12).fill(seed)))
    expect(thrice.models.every(({ seed, model }) => model.seed === seed)).toBe(true)
  })

  it('takes one rate for the coordinate check and short sequences for both', () => {
    const plan = planCheck('coordinates', { learningRates: [3e-3, 6e-3] }, basis)
    expect(plan.learningRates).toEqual([3e-3])
    expect(plan.models.length).toBe(2 * usualChoices.coordinates.widths.length)
    expect(plan.context).toBe(64)
    expect(planCheck('coordinates', {}, { ...basis, recipe: { ...basis.recipe, context: 16 } }).context).toBe(16)
  })

  it('counts the work of its models, wide ones for more', () => {
    const plan = planCheck('coordinates', { widths: [64, 128] }, basis)
    expect(shareOf(plan, 0)).toBe(0)
    expect(shareOf(plan, 1)).toBeLessThan(0.25)
    expect(shareOf(plan, 2)).toBeCloseTo(0.5, 12)
    expect(shareOf(plan, 3, 1)).toBeCloseTo(1, 12)
  })

  it('refuses what no check can be made of, naming it', () => {
    expect(() => planCheck('coordinates', { widths: [64, 65] }, basis)).toThrow(
      'widths: 65 cannot be; each must be a multiple of the 4 heads.',
    )
    expect(() => planCheck('coordinates', { widths: [64, 64] }, basis)).toThrow(
      'widths: a check compares at least two.',
    )
    expect(() => planCheck('transfer', { learningRates: [1e-3, 2e-3] }, basis)).toThrow(
      /learningRates: a sweep needs at least three/,
    )
  })
})
