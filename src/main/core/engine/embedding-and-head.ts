// What lies around the blocks of a GPT: the embedding in front; final norm, tied head and loss behind.
import type { ModelPlan } from '#shared/family/model.ts'
import { release, type BlockForm } from './block.ts'
import type { AttentionGeometry, Ids, Kernels, ModelWeights, Tensor } from './kernels.ts'

export const attentionGeometry = (
  { shape, parametrisation }: ModelPlan,
  rows: number,
  context: number,
): AttentionGeometry => ({ rows, context, heads: shape.heads, scale: parametrisation.attentionScale })

/** Rows and columns of one batch, as the blocks want to know them. */
export const blockForm = (model: ModelPlan, rows: number, context: number): BlockForm => ({
  geometry: attentionGeometry(model, rows, context),
  activation: model.activation,
})

/** Ids [N] become the first x [N, d]; `places` as in Kernels.embedding. */
export function embedForward(k: Kernels, w: ModelWeights, ids: Ids, places: number | Ids, model: ModelPlan): Tensor {
  return k.embedding(ids, w.tokens, w.positions, places, model.parametrisation.embeddingScale)
}

/** Final norm and tied head: x [N, d] → logits [N, V]. Takes over `x`. */
export function headForward(k: Kernels, w: ModelWeights, x: Tensor, model: ModelPlan): Tensor {
  const norm = k.layerNorm(x, w.final.gain, w.final.bias)
  x.dispose()
  const logits = k.head(norm.output, w.tokens, model.parametrisation.outputScale)
  release(norm)
  return logits
}

/** Losses [N] of x [N, d], forward only. Takes over `x`. */
export function headLosses(k: Kernels, w: ModelWeights, x: Tensor, targets: Ids, model: ModelPlan): Tensor {
  const norm = k.layerNorm(x, w.final.gain, w.final.bias)
  x.dispose()
  const { losses } = headAndLoss(k, norm.output, w.tokens, model.parametrisation.outputScale, targets)
  release(norm)
  return losses
}

/**
 * Final norm, tied head and cross entropy, forward and backward at once: x [N, d] → losses [N] and the gradient of x,
 * every row's loss weighted by `gradientScale`. Adds into `g`; takes over `x`.
 */
export function headLoss(
  k: Kernels,
  w: ModelWeights,
  g: ModelWeights,
  x: Tensor,
  targets: Ids,
  gradientScale: number,
  model: ModelPlan,
): { losses: Tensor; dx: Tensor } {
  const norm = k.layerNorm(x, w.final.gain, w.final.bias)
  const training = { gradientScale, intoTokens: g.tokens }
  const { outputScale } = model.parametrisation
  const { losses, dx: dNorm } = headAndLoss(k, norm.output, w.tokens, outputScale, targets, training)
  const dx = k.layerNormBackward(dNorm!, x, w.final.gain, norm.mean, norm.rstd, g.final.gain, g.final.bias)
  dNorm!.dispose()
  x.dispose()
  release(norm)
  return { losses, dx }
}

/** Kernels.headLoss, by the device's own or one after the other. */
export const headAndLoss: NonNullable<Kernels['headLoss']> extends (...args: infer Args) => infer Result
  ? (k: Kernels, ...args: Args) => Result
  : never = (k, x, tokens, scale, targets, training) => {
  if (k.headLoss) return k.headLoss(x, tokens, scale, targets, training)
  const logits = k.head(x, tokens, scale) // [N, V]
  const losses = k.crossEntropy(logits, targets, training?.gradientScale) // the logits are now their own gradient
  const dx = training && k.headBackward(logits, x, tokens, scale, training.intoTokens)
  logits.dispose()
  return { losses, dx }
}
