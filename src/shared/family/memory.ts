// What a training holds in memory, and the largest micro-batch that fits.
import { countParameters, type GptShape } from './shape.ts'

const bytesPerNumber = 4

/** Weights, gradients and two moments, fp32. */
const stateBytes = (shape: GptShape): number => 4 * bytesPerNumber * countParameters(shape)

/**
 * What one token keeps from forward to backward. A block keeps its input, two normed copies, Q K V, the attention's
 * output,
 * the middle of the residual stream, the MLP before and after GELU: 16 d, and a few numbers for norms and softmax. Then
 * the logits,
 * which become their own gradient, and the backward's passing tensors, about 14 d.
 */
export const activationBytesPerToken = ({ layers, width, heads, vocabulary }: GptShape): number =>
  bytesPerNumber * (layers * (16 * width + heads + 4) + 14 * width + vocabulary)

/** Weights, gradients, moments and the activations of `sequences` at once. */
export const trainingBytes = (shape: GptShape, sequences: number): number =>
  stateBytes(shape) + sequences * shape.context * activationBytesPerToken(shape)

/**
 * Room for activations where nothing better is known: enough to keep matrix products busy, little enough to stay near
 * the caches.
 */
const roomForActivations = 256 * 2 ** 20
/** A graphics card has no use for a small step: it is full only with many rows. */
const shareForActivations = 0.25

/** The largest divisor of the batch whose activations fit in the room beside the model's state. */
export function microBatchSequences(
  shape: GptShape,
  batchSequences: number,
  machine: { memoryBytes: number; cardMemoryBytes?: number | null } | null,
): number {
  const card = machine?.cardMemoryBytes ?? null
  const memoryBytes = card ?? machine?.memoryBytes ?? null
  const spare = memoryBytes === null ? roomForActivations : Math.max(0, usableShare * memoryBytes - stateBytes(shape))
  const room = card === null ? roomForActivations : Math.max(roomForActivations, shareForActivations * card)
  const fits = Math.floor(Math.min(room, spare) / (shape.context * activationBytesPerToken(shape)))
  let best = 1
  for (let divisor = 1; divisor <= Math.min(fits, batchSequences); divisor++)
    if (batchSequences % divisor === 0) best = divisor
  return best
}

/** Share of the machine's memory that one training may take. */
export const usableShare = 0.7
