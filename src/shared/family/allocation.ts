// What a budget buys by a study's own recipe: its tokens per parameter, what it counts as one, and how it counts FLOPs.
import { countedParameters } from './counting.ts'
import { memberOfSize } from './dial.ts'
import { flopsPerToken } from './flops.ts'
import type { PlanBasis } from './plan.ts'
import { countParameters, type GptShape } from './shape.ts'

export interface RecipeAllocation {
  /** N, all of them. */
  parameters: number
  /** What tokens per parameter multiplies. */
  countedParameters: number
  /** D. */
  tokens: number
  /** D / N, whatever was counted. */
  tokensPerParameter: number
}

/**
 * The size whose tokens by the recipe take `flops` under the recipe's convention. Depth and heads are those of the
 * ladder's member of about that size; the width is any number, so that the budget is met.
 */
export function allocationByRecipe(flops: number, { recipe, vocabulary }: PlanBasis): RecipeAllocation {
  const { context, tokensPerParameter: ratio } = recipe
  const tokensOf = (shape: GptShape) => ratio * countedParameters(shape, recipe.countedParameters)
  const cost = (shape: GptShape) => flopsPerToken(shape, recipe.flopsConvention) * tokensOf(shape)
  let shape: GptShape = { ...memberOfSize(Math.sqrt(flops / (6 * ratio)), context, vocabulary), context, vocabulary }
  for (let round = 0; round < 4; round++) {
    const { layers, heads } = memberOfSize(countParameters(shape), context, vocabulary)
    let [low, high] = [Math.log(1), Math.log(1e6)]
    for (let i = 0; i < 60; i++) {
      const middle = (low + high) / 2
      if (cost({ layers, heads, context, vocabulary, width: Math.exp(middle) }) <= flops) low = middle
      else high = middle
    }
    shape = { layers, heads, context, vocabulary, width: Math.exp(low) }
  }
  const [parameters, tokens] = [countParameters(shape), tokensOf(shape)]
  return {
    parameters,
    countedParameters: countedParameters(shape, recipe.countedParameters),
    tokens,
    tokensPerParameter: tokens / parameters,
  }
}
