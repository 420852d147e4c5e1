// The two ends of a GPT around its blocks: embedding in front; final norm, tied head and loss behind.
import type { ModelPlan } from '#shared/family/model.ts'
import { release, type BlockForm } from './block.ts'
import type { Ids, Kernels, ModelWeights, Tensor } from './kernels.ts'

/** Rows and columns of one batch, as the blocks want to know them. */
export function blockForm(model: ModelPlan, rows: number, context: number): BlockForm {
  return {
    geometry: { rows, context, heads: model.shape.heads, scale: model.parametrisation.attentionScale },
    activation: model.activation,
  }
}

/** Ids [N] become the first x [N, d]. */
export function embedForward(
  k: Kernels,
  w: ModelWeights,
  ids: Ids,
  context: number,
  model: ModelPlan,
  offset = 0,
): Tensor {
  return k.embedding(ids, w.tokens, w.positions, context, model.parametrisation.embeddingScale, offset)
}

/** Final norm and tied head: x [N, d] → logits [N, V]. Takes over `x`. */
export function headForward(k: Kernels, w: ModelWeights, x: Tensor, model: ModelPlan): Tensor {
  const norm = k.layerNorm(x, w.final.gain, w.final.bias)
  x.dispose()
  const logits = k.head(norm.output, w.tokens, model.parametrisation.outputScale)
  release(norm)
  return logits
}

/**
 * Final norm, tied head and cross entropy, forward and backward at once: x [N, d] → losses [N] and the gradient of x,
 * every
 * row's loss weighted by `gradientScale`. Adds into `g`; takes over `x`.
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
  const scale = model.parametrisation.outputScale
  const norm = k.layerNorm(x, w.final.gain, w.final.bias)
  const logits = k.head(norm.output, w.tokens, scale) // [N, V]
  const losses = k.crossEntropy(logits, targets, gradientScale) // the logits are now their own gradient
  const dNorm = k.headBackward(logits, norm.output, w.tokens, scale, g.tokens)
  logits.dispose()
  const dx = k.layerNormBackward(dNorm, x, w.final.gain, norm.mean, norm.rstd, g.final.gain, g.final.bias)
  dNorm.dispose()
  x.dispose()
  release(norm)
  return { losses, dx }
}
