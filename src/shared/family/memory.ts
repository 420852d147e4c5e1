// What a training holds in memory, and the largest micro-batch that fits.
import type { Precision } from '../engine.ts'
import { countParameters, type GptShape } from './shape.ts'

const bytesPerNumber = 4

/** In what a training multiplies, and whether it lies on a graphics card. */
export interface MemoryOf {
  precision?: Precision
  isOnCard?: boolean
}

/** Weights, gradients and two moments, in fp32 whatever the precision. */
const stateBytes = (shape: GptShape): number => 4 * bytesPerNumber * countParameters(shape)

/** What bf16 takes beside all that: logits of a chunk of rows on the processor; a copy of the weights on a card. */
const halfBytes = (shape: GptShape, isOnCard: boolean): number => (isOnCard ? 2 * countParameters(shape) : 16 * 2 ** 20)

/**
 * What one token keeps from forward to backward. A block keeps its input, two normed copies, Q K V, the attention's
 * output, the middle of the residual stream, the MLP before and after GELU: 16 d, and a few numbers for norms and
 * softmax. Then the logits, which become their own gradient, and the backward's passing tensors, about 14 d.
 *
 * In bf16 the processor's engine keeps the residual stream (2 d) in fp32 and 8 d in half: Q K V, the attention's output
 * and the MLP before GELU; norms and GELU are made again, and no logits are kept. A card's keeps all in fp32 and,
 * beside it, the 12 d that products read again.
 */
export function activationBytesPerToken(
  { layers, width, heads, vocabulary }: GptShape,
  { precision = 'fp32', isOnCard = false }: MemoryOf = {},
): number {
  if (precision === 'bf16' && !isOnCard)
    return layers * (bytesPerNumber * (2 * width + heads + 4) + 2 * 8 * width) + 2 * 14 * width
  const full = bytesPerNumber * (layers * (16 * width + heads + 4) + 14 * width + vocabulary)
  return precision === 'bf16' ? full + 2 * 12 * width * layers : full
}

/** Weights, gradients, moments and the activations of `sequences` at once. */
export const trainingBytes = (shape: GptShape, sequences: number, held: MemoryOf = {}): number =>
  stateBytes(shape) +
  (held.precision === 'bf16' ? halfBytes(shape, held.isOnCard ?? false) : 0) +
  sequences * shape.context * activationBytesPerToken(shape, held)

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
  precision?: Precision,
): number {
  const card = machine?.cardMemoryBytes ?? null
  const memoryBytes = card ?? machine?.memoryBytes ?? null
  const held = { precision, isOnCard: card !== null }
  const spare =
    memoryBytes === null ? roomForActivations : Math.max(0, usableShare * memoryBytes - trainingBytes(shape, 0, held))
  const room = card === null ? roomForActivations : Math.max(roomForActivations, shareForActivations * card)
  const fits = Math.floor(Math.min(room, spare) / (shape.context * activationBytesPerToken(shape, held)))
  let best = 1
  for (let divisor = 1; divisor <= Math.min(fits, batchSequences); divisor++)
    if (batchSequences % divisor === 0) best = divisor
  return best
}

/** Share of the machine's memory that one training may take. */
export const usableShare = 0.7
