// One run's records as columns of numbers: a million steps are six arrays, not a million objects.
import type { StepRecord, ValidationRecord, SampleRecord } from '#shared/run.ts'

export type Column = 'step' | 'tokens' | 'loss' | 'gradientNorm' | 'learningRate' | 'elapsedMs'
const columns: Column[] = ['step', 'tokens', 'loss', 'gradientNorm', 'learningRate', 'elapsedMs']

/** Ascending in step. Only the first `length` numbers of each column count. */
export interface Curve {
  length: number
  /** Grows whenever the curve is cut, so that what was derived from it is known to be stale. */
  generation: number
  columns: Record<Column, Float64Array>
  validations: ValidationRecord[]
  samples: SampleRecord[]
}

export function createCurve(capacity = 256): Curve {
  const made = Object.fromEntries(columns.map((name) => [name, new Float64Array(capacity)])) as Record<
    Column,
    Float64Array
  >
  return { length: 0, generation: 0, columns: made, validations: [], samples: [] }
}

/** The last step there is, 0 when there is none. */
export const lastStep = (curve: Curve): number => (curve.length ? curve.columns.step[curve.length - 1]! : 0)

function reserve(curve: Curve, capacity: number): void {
  if (curve.columns.step.length >= capacity) return
  const size = Math.max(capacity, curve.columns.step.length * 2)
  for (const name of columns) {
    const grown = new Float64Array(size)
    grown.set(curve.columns[name].subarray(0, curve.length))
    curve.columns[name] = grown
  }
}

/** Appends what is new; steps already known are left out, so records that arrive twice do no harm. */
export function appendSteps(curve: Curve, records: readonly StepRecord[]): void {
  reserve(curve, curve.length + records.length)
  let last = lastStep(curve)
  for (const record of records) {
    if (record.step <= last) continue
    for (const name of columns) curve.columns[name][curve.length] = record[name]
    curve.length += 1
    last = record.step
  }
}

/** Inserts by step, one each: a later word about the same step replaces the earlier. */
export function appendAt<T extends { step: number }>(known: T[], records: readonly T[]): T[] {
  if (!records.length) return known
  const bySteps = new Map(known.map((record) => [record.step, record]))
  for (const record of records) bySteps.set(record.step, record)
  return [...bySteps.values()].sort((a, b) => a.step - b.step)
}

/** Index of the first number in `values[from, to)` that is not below `wanted`; `to` when there is none. */
export function firstNotBelow(values: ArrayLike<number>, wanted: number, from: number, to: number): number {
  while (from < to) {
    const middle = (from + to) >>> 1
    if (values[middle]! < wanted) from = middle + 1
    else to = middle
  }
  return from
}

/** Index of the number in ascending `values[0, length)` that is nearest to `wanted`, -1 when it is empty. */
export function nearest(values: ArrayLike<number>, length: number, wanted: number): number {
  if (!length) return -1
  const at = firstNotBelow(values, wanted, 0, length)
  if (at === 0) return 0
  if (at === length) return length - 1
  return wanted - values[at - 1]! <= values[at]! - wanted ? at - 1 : at
}
