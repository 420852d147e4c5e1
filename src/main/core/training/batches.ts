// Which tokens a step sees: each sequence once an epoch in an order that seed and epoch alone decide, and nothing to
// remember.
import type { TokenReader } from '#main/platform/disk/token-files.ts'
import { Fault } from '#shared/fault.ts'
import { createPermutation } from './permutation.ts'

/** B sequences of T inputs and their next tokens, row-major [rows, columns]. */
export interface TokenBatch {
  inputs: Int32Array
  targets: Int32Array
  rows: number
  columns: number
}

export interface Batches {
  /** The batch of `step` (from 0); of it only `micro.rows` rows from `micro.from` on when given. */
  batchAt(step: number, micro?: { from: number; rows: number }): TokenBatch
  /** Sequences per epoch. */
  sequences: number
}

/**
 * Windows of context + 1 tokens that share their border token, so that every token but the first is a target once an
 * epoch. Sequence `n` of the run (row `n mod rows` of step `n / rows`) is window `p(n mod sequences)` of epoch `n /
 * sequences`, where p is a permutation made of the seed and the epoch. `seed: null` keeps the order of the text, as
 * validation wants it.
 */
export function createBatches({
  tokens,
  context,
  rows,
  seed,
}: {
  tokens: TokenReader
  context: number
  rows: number
  seed: number | null
}): Batches {
  const sequences = Math.floor((tokens.length - 1) / context)
  if (sequences < 1) {
    throw new Fault(
      'bad-input',
      `The text has ${tokens.length} tokens, which is less than one sequence of ${context} and the token after it. ` +
        'Choose a shorter context or add more text.',
    )
  }
  let epoch = -1
  let permutation = (index: number) => index
  const windowOf = (sequence: number): number => {
    if (seed === null) return sequence % sequences
    const wanted = Math.floor(sequence / sequences)
    if (wanted !== epoch) {
      permutation = createPermutation(sequences, seed, wanted)
      epoch = wanted
    }
    return permutation(sequence % sequences)
  }
  return {
    sequences,
    batchAt(step, micro = { from: 0, rows }) {
      const inputs = new Int32Array(micro.rows * context)
      const targets = new Int32Array(micro.rows * context)
      for (let row = 0; row < micro.rows; row++) {
        const window = tokens.read(windowOf(step * rows + micro.from + row) * context, context + 1)
        inputs.set(window.subarray(0, context), row * context)
        targets.set(window.subarray(1), row * context)
      }
      return { inputs, targets, rows: micro.rows, columns: context }
    },
  }
}
