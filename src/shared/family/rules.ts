// The rules that turn a size into hyper-parameters when the person leaves them to the lab.
import { rounded } from '../numbers.ts'
import type { Recipe } from './recipe.ts'

/**
 * Sequences a step: three quarters of the square root of all training tokens, in tokens. Measured once each (one seed,
 * best of three
 * rates, first 2,048 validation sequences): at 44 thousand parameters 512 tokens ended 0.3 % below 1,024 and 1.8 %
 * below 2,048, where the
 * rule gives 640. At 137 thousand, at one rate, 1,024 ended 1.1 % below 512 and 0.1 % below 2,048, where it gives
 * 1,280. The published
 * batches (0.25 M tokens at 2.2 G, 2.2 M at 257 G) are three to seven times larger. Rounded to a few leading bits, so
 * that it divides well.
 */
export function batchSequencesRule(tokens: number, context: number): number {
  const sequences = (0.75 * Math.sqrt(Math.max(tokens, 1))) / context
  const unit = 2 ** Math.max(1, Math.floor(Math.log2(Math.max(sequences, 1))) - 2)
  return Math.max(2, unit * Math.round(sequences / unit))
}

/** Peak learning rate at width 768 in Cerebras-GPT 111M, and the highest that tiny models bear. */
const anchor = { width: 768, learningRate: 6e-4, highest: 1e-2 } as const

/**
 * Peak learning rate: standard parametrisation falls as 1 / width through Cerebras-GPT 111M's 6e-4 at 768, at most
 * 1e-2;
 * under muP it is one number for all widths, because each tensor carries its own scale.
 */
export function peakLearningRateRule(recipe: Pick<Recipe, 'parametrisation'>, width: number): number {
  if (recipe.parametrisation === 'mup') return 6e-3
  return rounded(Math.min(anchor.highest, (anchor.learningRate * anchor.width) / width))
}
