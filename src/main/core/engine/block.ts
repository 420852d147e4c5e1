// One transformer block, forward and backward, over named kernels: it can run when its weights arrive and be forgotten
// after.
import type { Activation } from '#shared/family/shape.ts'
import type { AttentionGeometry, BlockWeights, Ids, Kernels, Linear, Tensor } from './kernels.ts'

interface KeptNorm {
  /** Absent where the device makes it again. */
  output?: Tensor
  mean: Tensor
  rstd: Tensor
}

/** What a block's backward wants from its forward. */
export interface KeptBlock {
  x: Tensor // [N, d], the block's input
  norm1: KeptNorm
  qkv: Tensor // [N, 3d]
  attention: { output: Tensor; logSumExp: Tensor }
  middle: Tensor // [N, d], after attention
  norm2: KeptNorm
  hidden: { before: Tensor; after?: Tensor } // [N, 4d]; gelu(before) is absent where the device makes it again
}

/** What is the same for every block: how the rows lie side by side, and the form of GELU. */
export interface BlockForm {
  geometry: AttentionGeometry
  activation: Activation
}

/** x [N, d] becomes the next x; `kept` is for blockBackward. Takes over `x`. */
export function blockForward(
  k: Kernels,
  w: BlockWeights,
  x: Tensor,
  { geometry, activation }: BlockForm,
): { output: Tensor; kept: KeptBlock } {
  const norm1 = k.layerNorm(x, w.norm1.gain, w.norm1.bias)
  const qkv = k.linear(norm1.output, w.attention.weight, w.attention.bias) // [N, 3d]
  const norm1Kept = keptNorm(k, norm1)
  const attention = k.attention(qkv, geometry) // [N, d], causal
  const middle = k.linear(attention.output, w.projection.weight, w.projection.bias, x) // x + mixed·W + b
  const norm2 = k.layerNorm(middle, w.norm2.gain, w.norm2.bias)
  const hidden = k.linearGelu(norm2.output, w.expand.weight, w.expand.bias, activation) // [N, 4d]
  const norm2Kept = keptNorm(k, norm2)
  const output = k.linear(hidden.after, w.contract.weight, w.contract.bias, middle)
  const hiddenKept = keptHidden(k, hidden)
  return { output, kept: { x, norm1: norm1Kept, qkv, attention, middle, norm2: norm2Kept, hidden: hiddenKept } }
}

/** Without its output where the device makes that again. */
function keptNorm(k: Kernels, { output, mean, rstd }: Required<KeptNorm>): KeptNorm {
  if (!k.layerNormAgain) return { output, mean, rstd }
  output.dispose()
  return { mean, rstd }
}

/** Without gelu(before) where the device makes that again. */
function keptHidden(k: Kernels, { before, after }: Required<KeptBlock['hidden']>): KeptBlock['hidden'] {
  if (!k.linearGeluBackward) return { before, after }
  after.dispose()
  return { before }
}

/**
 * x [N, d] through blocks of which nothing is kept. `attend` mixes a layer's qkv [N, 3d] → [N, d] and leaves it as it
 * is; with `rows`, those alone go on after the last attention. Takes over `x`.
 */
export function blocksInference(
  k: Kernels,
  blocks: readonly BlockWeights[],
  x: Tensor,
  activation: Activation,
  attend: (qkv: Tensor, layer: number) => Tensor,
  rows?: Ids,
): Tensor {
  for (const [layer, w] of blocks.entries()) {
    const norm1 = k.layerNorm(x, w.norm1.gain, w.norm1.bias)
    const qkv = k.linear(norm1.output, w.attention.weight, w.attention.bias)
    release(norm1)
    let mixed = attend(qkv, layer)
    qkv.dispose()
    if (rows && layer === blocks.length - 1) {
      const all = { x, mixed }
      x = k.gatherRows(x, rows)
      mixed = k.gatherRows(mixed, rows)
      release(all)
    }
    x = afterAttention(k, w, x, mixed, activation)
  }
  return x
}

/** Attention within the batch alone, for blocksInference. */
export function attendWithin(k: Kernels, geometry: AttentionGeometry): (qkv: Tensor) => Tensor {
  return (qkv) => {
    const { output, logSumExp } = k.attention(qkv, geometry)
    logSumExp.dispose()
    return output
  }
}

/** The block after its attention: mixed [N, d] and the block's input x become the next x. Takes over both. */
function afterAttention(k: Kernels, w: BlockWeights, x: Tensor, mixed: Tensor, activation: Activation): Tensor {
  const middle = k.linear(mixed, w.projection.weight, w.projection.bias, x)
  mixed.dispose()
  x.dispose()
  const norm2 = k.layerNorm(middle, w.norm2.gain, w.norm2.bias)
  const hidden = k.linearGelu(norm2.output, w.expand.weight, w.expand.bias, activation)
  release(norm2)
  hidden.before.dispose()
  const output = k.linear(hidden.after, w.contract.weight, w.contract.bias, middle)
  hidden.after.dispose()
  middle.dispose()
  return output
}

/**
 * dy [N, d] becomes the gradient of the block's input; adds the weights' gradients into `g`. Takes over `dy` and
 * `kept`.
 */
export function blockBackward(
  k: Kernels,
  w: BlockWeights,
  g: BlockWeights,
  dy: Tensor,
  kept: KeptBlock,
  form: BlockForm,
): Tensor {
  const { x, norm1, qkv, attention, middle, norm2, hidden } = kept
  const dBefore = contractBackward(k, w.contract, g.contract, dy, hidden, form.activation) // [N, 4d]
  norm2.output ??= k.layerNormAgain!(middle, w.norm2.gain, w.norm2.bias, norm2.mean, norm2.rstd)
  const dNorm2 = k.linearBackward(dBefore, norm2.output, w.expand.weight, g.expand.weight, g.expand.bias)
  dBefore.dispose()
  const dMiddle = k.layerNormBackward(
    dNorm2,
    middle,
    w.norm2.gain,
    norm2.mean,
    norm2.rstd,
    g.norm2.gain,
    g.norm2.bias,
    dy,
  ) // + the skip
  dNorm2.dispose()
  dy.dispose()
  middle.dispose()
  release(norm2)
  const dMixed = k.linearBackward(
    dMiddle,
    attention.output,
    w.projection.weight,
    g.projection.weight,
    g.projection.bias,
  )
  const dQkv = k.attentionBackward(dMixed, qkv, attention.output, attention.logSumExp, form.geometry) // [N, 3d]
  dMixed.dispose()
  qkv.dispose()
  release(attention)
  norm1.output ??= k.layerNormAgain!(x, w.norm1.gain, w.norm1.bias, norm1.mean, norm1.rstd)
  const dNorm1 = k.linearBackward(dQkv, norm1.output, w.attention.weight, g.attention.weight, g.attention.bias)
  dQkv.dispose()
  // + the skip
  const dx = k.layerNormBackward(dNorm1, x, w.norm1.gain, norm1.mean, norm1.rstd, g.norm1.gain, g.norm1.bias, dMiddle)
  dNorm1.dispose()
  dMiddle.dispose()
  x.dispose()
  release(norm1)
  return dx
}

/** From the gradient of the second layer's output to that of the first's, through GELU. Takes over `hidden`. */
function contractBackward(
  k: Kernels,
  w: Linear,
  g: Linear,
  dy: Tensor,
  hidden: KeptBlock['hidden'],
  activation: Activation,
): Tensor {
  const { before, after } = hidden
  if (!after) {
    const dBefore = k.linearGeluBackward!(dy, before, w.weight, g.weight, g.bias, activation)
    before.dispose()
    return dBefore
  }
  const dAfter = k.linearBackward(dy, after, w.weight, g.weight, g.bias)
  after.dispose()
  const dBefore = k.geluBackward(dAfter, before, activation)
  dAfter.dispose()
  before.dispose()
  return dBefore
}

/** Disposes every tensor of a small record. */
export function release(tensors: object): void {
  for (const tensor of Object.values(tensors) as Tensor[]) tensor.dispose()
}
