// Where the numbers of a member come from, in sentences and formulas with its own numbers.
import { isAtRatio } from '#shared/family/additions.ts'
import { parameterCountNames } from '#shared/family/counting.ts'
import { flopsFormulas } from '#shared/family/flops.ts'
import type { MemberPlan } from '#shared/family/ladder.ts'
import type { FlopsConvention, Recipe } from '#shared/family/recipe.ts'
import { tokensStretch } from '#shared/family/schedule.ts'
import { exactly, formatBytes, formatFlops, threeDigits } from '#shared/numbers.ts'

/** What a narrow window has no column for, and of a member off the recipe's ratio what that means. */
export function aboutMember(one: MemberPlan, recipe: Recipe): string | undefined {
  if (!one.countedParameters) return undefined
  const ratio = one.tokens / tokensStretch(recipe.decay) / one.countedParameters
  const steps = `${exactly(one.steps)} steps of ${one.batchSequences} sequences, ${formatBytes(one.memoryBytes)} of memory.`
  if (isAtRatio(ratio, recipe)) return steps
  return `${steps}\n${ratio > recipe.tokensPerParameter ? 'Over' : 'Under'}-trained: ${threeDigits(ratio)} tokens per parameter, the recipe says ${recipe.tokensPerParameter}. Not in the compute-optimal law.`
}

/** `perParameter`: the member's own ratio, or the recipe's. */
export function tokensFormula(one: MemberPlan, perParameter: number, recipe: Recipe): string[] {
  const stretch = tokensStretch(recipe.decay)
  return [
    `tokens ≈ ${threeDigits(perParameter)} × N = ${threeDigits(perParameter)} × ${exactly(one.countedParameters)}`,
    ...(stretch > 1 ? [`× ${stretch}, for the cooldowns at 0.5, 1 and 2 times`] : []),
    `${exactly(one.steps)} steps × ${exactly(one.batchSequences)} sequences × ${exactly(one.shape.context)} = ${exactly(one.tokens)}`,
    `N counts ${parameterCountNames[recipe.countedParameters]}`,
  ]
}

export function flopsFormula(one: MemberPlan, convention: FlopsConvention): string[] {
  const { layers: L, width: d, heads: h, context: S, vocabulary: V } = one.shape
  const flops = one.flops[convention]
  return [
    `C = (${flopsFormulas[convention].formula}) × tokens`,
    `N = ${exactly(one.parameters)}, L = ${L}, d = ${d}, h = ${h}, S = ${S}, V = ${exactly(V)}`,
    `C = ${exactly(flops)} = ${formatFlops(flops)}`,
  ]
}
