import { expect, it } from 'vitest'
import { allocationByRecipe } from '#shared/family/allocation.ts'
import { memberOfSize } from '#shared/family/dial.ts'
import { planMember } from '#shared/family/plan.ts'
import { defaultRecipe, type FlopsConvention, type ParameterCount } from '#shared/family/recipe.ts'

it.each([
  ['all', 'sixNd'],
  ['without-embeddings', 'palm'],
  ['blocks-and-head', 'hoffmann'],
] as [ParameterCount, FlopsConvention][])(
  'a budget is split as the member of a study that takes it was: %s, %s',
  (counted, convention) => {
    const recipe = { ...defaultRecipe, tokensPerParameter: 13, countedParameters: counted, flopsConvention: convention }
    const basis = { recipe, vocabulary: 512 }
    for (const size of [5e4, 1e6, 3e8]) {
      const plan = planMember(memberOfSize(size, recipe.context, 512), basis, null, null)
      const found = allocationByRecipe(plan.flops[convention], basis)
      expect(found.parameters / plan.parameters).toBeCloseTo(1, 1)
      expect(found.countedParameters / plan.countedParameters).toBeCloseTo(1, 1)
      expect(found.tokens / plan.tokens).toBeCloseTo(1, 1)
      expect(found.tokens).toBeCloseTo(13 * found.countedParameters, 0)
    }
  },
)

it('with all parameters and 6 N D it is the usual rule, whatever the shape', () => {
  const { parameters, tokens, tokensPerParameter } = allocationByRecipe(1.2e20, {
    recipe: defaultRecipe,
    vocabulary: 50_257,
  })
  expect(parameters).toBeCloseTo(1e9, -5)
  expect(tokens).toBeCloseTo(2e10, -6)
  expect(tokensPerParameter).toBeCloseTo(20, 6)
})
