// Whether rows, sequences and heads fit each other: what C++ believes is checked here.
import { Fault } from '#shared/fault.ts'
import type { AttentionGeometry } from '../kernels.ts'

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

export function checkPositions(count: number, most: number): void {
  if (count > most) throw new Error(`${count} tokens do not fit ${most} positions`)
}
