// Members off the compute-optimal line: fixed tokens, IsoFLOP grids, and what they are called.
import { describe, expect, it } from 'vitest'
import {
  fixedTokenMembers,
  isAtRatio,
  isoflopMembers,
  spacedBudgets,
  suggestedBudgets,
  withFixedTokens,
  withMembers,
} from '#shared/family/additions.ts'
import { sizeName } from '#shared/family/names.ts'
import { planLadder, planMember } from '#shared/family/plan.ts'
import { studyPartsOf } from '#shared/family/presets.ts'
import { defaultRecipe, type Recipe } from '#shared/family/recipe.ts'
import { fitIsoflops } from '#shared/scaling/isoflop.ts'
import { evaluateSurface } from '#shared/scaling/surface.ts'

const starter = studyPartsOf('starter')
const basis = { recipe: starter.recipe, vocabulary: 512 }
const plansOf = (members: Parameters<typeof planLadder>[0]['members'], of = basis) =>
  planLadder({ members }, of, null, null)

describe('members on the same tokens', () => {
  it('get those tokens whatever their size, and say how many a parameter that makes', () => {
    const added = fixedTokenMembers(starter.ladder.members, 2e6, basis)
    expect(added.map(({ name }) => name)).toEqual(['43.9k@45.6', '84.3k@23.7', '137k@14.6', '202k@9.9', '279k@7.16'])
    for (const { tokens } of plansOf(added)) expect(tokens / 2e6).toBeCloseTo(1, 2)
  })

  it('leave out the size that has them already', () => {
    const third = plansOf(starter.ladder.members)[2]
    const added = fixedTokenMembers(starter.ladder.members, third.tokens, basis)
    expect(added).toHaveLength(4)
    const both = withMembers(starter.ladder, added)
    expect(new Set(both.members.map(({ id }) => id)).size).toBe(9)
    expect(fixedTokenMembers(both.members, third.tokens, basis)).toEqual([])
  })

  it('as a whole family are under- and over-trained as Pythia was: every size 300 G tokens', () => {
    const pythia = studyPartsOf('pythia')
    const ladder = withFixedTokens(pythia.ladder, 299_892_736_000, { recipe: pythia.recipe, vocabulary: 50257 })
    const plans = plansOf(ladder.members, { recipe: pythia.recipe, vocabulary: 50257 })
    for (const { tokens } of plans) expect(tokens / 299_892_736_000).toBeCloseTo(1, 4)
    expect(plans[0].tokens / plans[0].parameters).toBeGreaterThan(4000)
  })

  it('win over a schedule that was published for other tokens', () => {
    const { ladder, recipe } = studyPartsOf('cerebras-gpt')
    const fixed = withFixedTokens(ladder, 1e10, { recipe, vocabulary: 50257 })
    expect(fixed.members[0].published).toBeUndefined()
    expect(
      planMember({ ...ladder.members[0], tokensPerParameter: 40 }, { recipe, vocabulary: 50257 }, null, null).tokens /
        111_050_496,
    ).toBeCloseTo(40, 1)
  })
})

describe.each([
  ['sixNd', 'all'],
  ['cerebras', 'all'],
  ['hoffmann', 'without-embeddings'],
  ['palm', 'blocks-and-head'],
] as const)('an IsoFLOP grid counted as %s over %s', (flopsConvention, counted) => {
  const recipe: Recipe = { ...defaultRecipe, flopsConvention, countedParameters: counted }
  const grid = { budgets: [4e13, 1e13], sizes: 5, span: 4 }
  const members = isoflopMembers(grid, { recipe, vocabulary: 512 })

  it('spends the same compute on every size of a budget, small budgets first', () => {
    const plans = plansOf(members, { recipe, vocabulary: 512 })
    expect(plans).toHaveLength(10)
    for (const [i, plan] of plans.entries())
      expect(plan.flops[flopsConvention] / (i < 5 ? 1e13 : 4e13)).toBeCloseTo(1, 2)
    expect(new Set(plans.slice(0, 5).map(({ parameters }) => parameters)).size).toBe(5)
  })

  it('has its middle size at the recipe’s ratio, and the others clearly off it', () => {
    const ratios = plansOf(members.slice(0, 5), { recipe, vocabulary: 512 }).map(
      (plan) => plan.tokens / plan.countedParameters,
    )
    expect(ratios[2] / 20).toBeGreaterThan(0.75)
    expect(ratios[2] / 20).toBeLessThan(1.35)
    expect(ratios[0]).toBeGreaterThan(100)
    expect(ratios[4]).toBeLessThan(4)
    expect(isAtRatio(ratios[0], recipe)).toBe(false)
  })
})

describe('a grid', () => {
  it('trained on a known surface gives parabolas whose minima grow as the surface says', () => {
    const surface = { E: 1.7, A: 80, B: 300, alpha: 0.35, beta: 0.37 }
    const plans = plansOf(
      isoflopMembers({ budgets: [1e13, 4e13, 1.6e14], sizes: 7, span: 4 }, { recipe: defaultRecipe, vocabulary: 512 }),
      { recipe: defaultRecipe, vocabulary: 512 },
    )
    const budgetOf = (flops: number) => [1e13, 4e13, 1.6e14].find((budget) => Math.abs(flops / budget - 1) < 0.02)!
    const { size, profiles } = fitIsoflops(
      plans.map(({ parameters, tokens, flops }) => ({
        budget: budgetOf(flops.sixNd),
        parameters,
        loss: evaluateSurface(surface, parameters, tokens),
      })),
    )
    expect(profiles.every(({ rejection }) => rejection === null)).toBe(true)
    expect(size!.slope).toBeCloseTo(0.37 / 0.72, 1)
  })

  it('below what can be built is refused with the budget to begin at', () => {
    expect(() => isoflopMembers({ budgets: [1e9], sizes: 5, span: 4 }, basis)).toThrow(
      /1e9 FLOPs are too few for a profile: no size wanted can be built.*Begin at about [\d.]+e11 FLOPs/,
    )
    expect(() => isoflopMembers({ budgets: [1e13], sizes: 2, span: 4 }, basis)).toThrow(/at least 3 sizes; there are 2/)
    expect(() => isoflopMembers({ budgets: [1e13], sizes: 5, span: 1 }, basis)).toThrow(/a span above 1, not 1/)
    const from = Number(
      /about ([\d.e]+) FLOPs/.exec(message(() => isoflopMembers({ budgets: [1e9], sizes: 5, span: 4 }, basis)))![1],
    )
    expect(isoflopMembers({ budgets: [from], sizes: 5, span: 4 }, basis).length).toBeGreaterThanOrEqual(3)
  })

  it('is suggested between the second and the second largest of the ladder', () => {
    const plans = plansOf(starter.ladder.members)
    expect(suggestedBudgets(plans, starter.recipe)).toEqual([8.5e11, 2e12, 4.9e12])
    expect(suggestedBudgets(plans.slice(0, 2), starter.recipe)).toBeNull()
    expect(spacedBudgets(1e12, 1e12, 3)).toEqual([1e12])
  })
})

it('a member is called by its size, and by its tokens per parameter where they are its own', () => {
  const member = starter.ladder.members[2]
  expect(sizeName(member, basis)).toBe('137k')
  expect(sizeName({ ...member, tokensPerParameter: 1249.7 }, basis)).toBe('137k@1250')
})

const message = (act: () => unknown): string => {
  try {
    act()
  } catch (error) {
    return (error as Error).message
  }
  return ''
}
