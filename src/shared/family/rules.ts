// The rules that turn a size into hyper-parameters when the person leaves them to the lab.
import { rounded } from '../numbers.ts'
import type { Recipe } from './recipe.ts'

/**
 * Sequences per step: three quarters of the square root of all training tokens, in tokens. Measured once each (one
 * seed, best of three
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

/** Cerebras-GPT's muP hyper-parameters, tuned on a proxy of width 256 (Dey et al. 2023, section 2.4 and appendix G). */
export const tunedMup = {
  parametrisation: 'mup',
  mupBaseWidth: 256,
  mupEmbeddingScale: 10,
  mupOutputScale: 1,
  peakLearningRate: 6e-3,
  initStd: 0.08,
} as const satisfies Partial<Recipe>

/** A recipe with some of its fields changed; the rate that was tuned at one base width is not carried to another. */
export function changedRecipe(recipe: Recipe, changes: Partial<Recipe>): Recipe {
  const { mupBaseWidth = recipe.mupBaseWidth } = changes
  const isTunedElsewhere =
    recipe.mupBaseWidth === tunedMup.mupBaseWidth && recipe.peakLearningRate === tunedMup.peakLearningRate
  const leavesRate = mupBaseWidth !== recipe.mupBaseWidth && recipe.parametrisation === 'mup' && isTunedElsewhere
  return { ...recipe, ...(leavesRate ? { peakLearningRate: null } : {}), ...changes }
}

/**
 * Peak learning rate: standard parametrisation falls as 1 / width through Cerebras-GPT 111M's 6e-4 at 768, at most
 * 1e-2; under muP it is one number for all widths, because each tensor carries its own scale: the tuned one at its own
 * base width, at another what a standard model of that width gets.
 */
export function peakLearningRateRule(
  { parametrisation, mupBaseWidth }: Pick<Recipe, 'parametrisation' | 'mupBaseWidth'>,
  width: number,
): number {
  const isMup = parametrisation === 'mup'
  if (isMup && mupBaseWidth === tunedMup.mupBaseWidth) return tunedMup.peakLearningRate
  return rounded(Math.min(anchor.highest, (anchor.learningRate * anchor.width) / (isMup ? mupBaseWidth : width)))
}

/** Of the first weights' deviation: GPT-2's and Cerebras-GPT's from width 768 on, and that of the narrowest models. */
const initRange = { lowest: 0.02, highest: 0.08 } as const

/**
 * Standard deviation of embeddings and inner matrices: it falls as 1 / width between the two. Measured with one seed,
 * on the whole validation split: at width 32, with 10 tokens per parameter, 0.02 ended at 4.19 nats, 0.04 at 3.81, 0.08
 * at 3.74, 0.16 at 3.73; at width 128, with 2, at 3.70, 2.86, 2.80 and 3.18. muP has its tuned one at every width, and
 * ended there at 3.76 and 2.86 with base 256.
 */
export const initStdRule = ({ parametrisation }: Pick<Recipe, 'parametrisation'>, width: number): number =>
  parametrisation === 'mup'
    ? tunedMup.initStd
    : rounded(Math.min(initRange.highest, Math.max(initRange.lowest, (initRange.lowest * anchor.width) / width)))
