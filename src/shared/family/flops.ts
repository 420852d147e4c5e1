// Training FLOPs, counted in the four ways that papers do. They differ by up to a factor of two at small sizes: never
// mix them on one axis.
import type { FlopsConvention } from './recipe.ts'
import { countParameters, type GptShape } from './shape.ts'

/** In the order in which they are offered. */
export const flopsConventions: readonly FlopsConvention[] = ['sixNd', 'palm', 'hoffmann', 'cerebras']

/** Where each count comes from; L layers, d width, h heads, S context, V vocabulary, N all parameters. */
export const flopsFormulas: Record<FlopsConvention, { formula: string; source: string }> = {
  sixNd: { formula: '6 N', source: 'Kaplan et al. 2020, section 2.1, with N counting every parameter' },
  palm: { formula: '6 N + 12 L d S', source: 'Chowdhery et al. 2022 (PaLM), appendix B' },
  hoffmann: {
    formula: '72 L d² + 12 V d + 12 L S d + 9 L h S',
    source: 'Hoffmann et al. 2022, appendix F, embeddings and logits included, backward twice the forward',
  },
  cerebras: {
    formula: '72 L d² + 10 V d + 24 L S d + 9 L h S',
    source:
      'reconstructed from the FLOPs printed in Dey et al. 2023 (Cerebras-GPT); gives 22 of their 23 two-digit values',
  },
}

/** FLOPs to train on one token, forward and backward. */
export function flopsPerToken(shape: GptShape, convention: FlopsConvention): number {
  const { layers: L, width: d, heads: h, context: S, vocabulary: V } = shape
  if (convention === 'sixNd') return 6 * countParameters(shape)
  if (convention === 'palm') return 6 * countParameters(shape) + 12 * L * d * S
  const blocks = 72 * L * d ** 2 // every matrix of a block: forward 24 d², backward twice that
  const softmax = 9 * L * h * S // 3 h S² a sequence forward, three times that in all
  if (convention === 'hoffmann') return blocks + 12 * V * d + 12 * L * S * d + softmax
  // the input embedding needs no gradient of its input: 4 V d + 6 V d
  return blocks + 10 * V * d + 24 * L * S * d + softmax
}

/** Training FLOPs of `tokens` tokens under every convention. */
export function trainingFlops(shape: GptShape, tokens: number): Record<FlopsConvention, number> {
  const count = (convention: FlopsConvention) => flopsPerToken(shape, convention) * tokens
  return { cerebras: count('cerebras'), hoffmann: count('hoffmann'), sixNd: count('sixNd'), palm: count('palm') }
}
