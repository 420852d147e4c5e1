// Whether rows, sequences and heads fit each other: what C++ believes is checked here.
import { Fault } from '#shared/fault.ts'
import type { AttentionGeometry, BranchSegment } from '../kernels.ts'

const largestHead = 256

export function checkGeometry({ rows, context: T, heads, scale }: AttentionGeometry, n: number, width: number): void {
  if (!Number.isInteger(rows) || !Number.isInteger(T) || rows < 1 || T < 1 || rows * T !== n) {
    throw new Error(`${rows} sequences of ${T} tokens do not make ${n} rows`)
  }
  if (!Number.isInteger(heads) || heads < 1 || width % heads !== 0)
    throw new Error(`${width} features cannot be split over ${heads} heads`)
  if (width / heads > largestHead)
    throw new Fault(
      'bad-input',
      `A head of ${width / heads} features is too large; the native engine takes up to ${largestHead}.`,
    )
  if (!Number.isFinite(scale)) throw new Error(`${scale} cannot scale the scores`)
}

export function checkRows(n: number, T: number): void {
  if (n < 1 || !Number.isInteger(T) || T < 1) throw new Error(`${n} rows cannot lie in sequences of ${T} tokens`)
}

/** The length of the longest text, trunk and all; segments that are not the `n` rows throw. */
export function checkSegments(segments: readonly BranchSegment[], n: number, held: number): number {
  let [rows, stem, longest] = [0, 0, held]
  for (const { count, isStem } of segments) {
    if (!Number.isInteger(count) || count < 0) throw new Error(`a segment cannot have ${count} rows`)
    longest = Math.max(longest, held + count + (isStem ? 0 : stem))
    if (isStem) stem = count
    rows += count
  }
  if (rows !== n) throw new Error(`segments of ${rows} rows in all do not fit ${n}`)
  return longest
}
