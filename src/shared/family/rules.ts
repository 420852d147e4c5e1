// The rules that turn a size into hyper-parameters when the person leaves them to the lab.
import type { Recipe } from './recipe.ts'

/**
 * Tokens a step: about twice the square root of all training tokens. The published batches (0.25 M tokens at 2.2 G, 2.2 M at 257 G) follow
 * the same root with a factor of 3 to 5; small models learn more from more steps. Rounded to whole sequences, and to powers of two of them
 * so that they divide well.
 */
export function batchSequencesRule(tokens: number, context: number): number {
  const sequences = (2 * Math.sqrt(Math.max(tokens, 1))) / context
  return Math.max(4, 2 ** Math.round(Math.log2(Math.max(sequences, 1))))
}

/** Peak learning rate at width 768 in Cerebras-GPT 111M, and the highest that tiny models bear. */
const anchor = { width: 768, learningRate: 6e-4, highest: 1e-2 } as const

/**
 * Peak learning rate: standard parametrisation falls as 1 / width through Cerebras-GPT 111M's 6e-4 at 768, at most 1e-2;
 * under muP it is one number for all widths, because each tensor carries its own scale.
 */
export function peakLearningRateRule(recipe: Pick<Recipe, 'parametrisation'>, width: number): number {
  if (recipe.parametrisation === 'mup') return 6e-3
  return Number(Math.min(anchor.highest, (anchor.learningRate * anchor.width) / width).toPrecision(3))
}
