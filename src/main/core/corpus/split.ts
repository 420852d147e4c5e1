// Which split a document belongs to: its hash alone decides, so neither the order of files nor what else is in the
// corpus matters.
import type { Split } from '#shared/corpus.ts'

/** The share of documents that is held out. */
const heldOut = { test: 0.05, validation: 0.05 } as const

/** A number in [0, 1) from the last bytes of a SHA-256, which de-duplication does not use. */
export function hashFraction(hash: Uint8Array): number {
  return new DataView(hash.buffer, hash.byteOffset + 28, 4).getUint32(0) / 2 ** 32
}

export function splitOf(fraction: number): Split {
  if (fraction < heldOut.test) return 'test'
  return fraction < heldOut.test + heldOut.validation ? 'validation' : 'train'
}

/**
 * For a corpus so small that chance left a split empty: the lowest hashes are tested on, the next validate, and at
 * least one trains.
 */
export function splitSmall(fractions: number[]): Split[] {
  const byHash = fractions
    .map((fraction, index) => ({ fraction, index }))
    .sort((a, b) => a.fraction - b.fraction || a.index - b.index)
  const most = Math.max(1, Math.floor(fractions.length / 3))
  const count = (split: Split) =>
    Math.min(most, Math.max(1, fractions.filter((fraction) => splitOf(fraction) === split).length))
  const tests = count('test')
  const validations = count('validation')
  const splits: Split[] = []
  byHash.forEach(({ index }, rank) => {
    splits[index] = rank < tests ? 'test' : rank < tests + validations ? 'validation' : 'train'
  })
  return splits
}
