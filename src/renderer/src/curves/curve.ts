// One run's records as columns of numbers, thinned where they are many: a million steps are some thousand rows.
import type { StepRecord, ValidationRecord, SampleRecord } from '#shared/run.ts'
import {
  curveColumns,
  rowOf,
  thinned,
  widestOf,
  type CurveColumn,
  type CurvePart,
  type CurveRow,
} from '#shared/thinning.ts'

export type Column = CurveColumn

/** Ascending in step. Only the first `length` rows of each column count. */
export interface Curve {
  /** Rows. */
  length: number
  /** Steps in all rows. */
  records: number
  /** Steps that the widest row holds: 1 where every row is a step. */
  widest: number
  /** Grows whenever rows that were there change, so that what was derived from them is known to be stale. */
  generation: number
  columns: Record<Column, Float64Array>
  validations: ValidationRecord[]
  samples: SampleRecord[]
}

export function createCurve(capacity = 256): Curve {
  const made = Object.fromEntries(curveColumns.map((name) => [name, new Float64Array(capacity)])) as Record<
    Column,
    Float64Array
  >
  return { length: 0, records: 0, widest: 1, generation: 0, columns: made, validations: [], samples: [] }
}

/** The last step there is, 0 when there is none. */
export const lastStep = (curve: Curve): number => (curve.length ? curve.columns.step[curve.length - 1]! : 0)

function reserve(curve: Curve, capacity: number): void {
  if (curve.columns.step.length >= capacity) return
  const size = Math.max(capacity, curve.columns.step.length * 2)
  for (const name of curveColumns) {
    const grown = new Float64Array(size)
    grown.set(curve.columns[name].subarray(0, curve.length))
    curve.columns[name] = grown
  }
}

function put(curve: Curve, row: CurveRow): void {
  for (const name of curveColumns) curve.columns[name][curve.length] = row[name]
  curve.length += 1
  curve.records += row.count
  curve.widest = Math.max(curve.widest, row.count)
}

/** Appends what is new; steps already known are left out, so records that arrive twice do no harm. */
export const appendSteps = (curve: Curve, records: readonly StepRecord[]): void => appendRows(curve, records.map(rowOf))

/** The same for rows of several steps. */
function appendRows(curve: Curve, rows: readonly CurveRow[]): void {
  reserve(curve, curve.length + rows.length)
  let last = lastStep(curve)
  for (const row of rows) {
    if (row.step <= last) continue
    put(curve, row)
    last = row.step
  }
}

/** The same from columns, as they come from the lab. */
export function appendColumns(curve: Curve, rows: Readonly<Record<Column, readonly number[]>>): void {
  const size = rows.step.length
  reserve(curve, curve.length + size)
  const first = rows.step.findIndex((step) => step > lastStep(curve))
  if (first < 0) return
  for (const name of curveColumns) curve.columns[name].set(first ? rows[name].slice(first) : rows[name], curve.length)
  for (let i = first; i < size; i++) {
    curve.records += rows.count[i]
    curve.widest = Math.max(curve.widest, rows.count[i])
  }
  curve.length += size - first
}

const rowAt = ({ columns }: Curve, i: number): CurveRow =>
  Object.fromEntries(curveColumns.map((name) => [name, columns[name][i]])) as unknown as CurveRow

export const rowsOf = (curve: Curve): CurveRow[] => Array.from({ length: curve.length }, (_, i) => rowAt(curve, i))

function replaceRows(curve: Curve, rows: readonly CurveRow[]): void {
  curve.length = curve.records = 0
  curve.widest = 1
  curve.generation += 1
  reserve(curve, rows.length)
  for (const row of rows) put(curve, row)
}

/** Rows that a curve may have before it is thinned: twice what thinning leaves, so that it rarely happens. */
const mostRows = 6000

/** Joins rows of a curve that has become long. */
export function keepThin(curve: Curve): void {
  if (curve.length > mostRows) replaceRows(curve, thinned(rowsOf(curve), widestOf(lastStep(curve))))
}

/**
 * Puts finer rows in the place of those of the same steps, from the end of one row to the end of another; where such
 * rows are not there any more, because the curve was thinned meanwhile, nothing changes.
 */
export function refine(curve: Curve, finer: readonly CurveRow[]): void {
  if (finer.length === 0) return
  const known = rowsOf(curve)
  const start = finer[0].step - finer[0].count
  const from = known.findIndex(({ step, count }) => step - count === start)
  const to = known.findIndex(({ step }) => step === finer[finer.length - 1].step)
  if (from < 0 || to < from) return
  const isLong = known.length + finer.length > mostRows
  const around = (rows: CurveRow[]) => (isLong ? thinned(rows, widestOf(lastStep(curve))) : rows)
  replaceRows(curve, [...around(known.slice(0, from)), ...finer, ...around(known.slice(to + 1))])
}

/** The part to ask for so that rows `from` to `to` are drawn as finely as was recorded; null where nothing is finer. */
export function finerPart(curve: Curve, from: number, to: number): CurvePart | null {
  if (curve.widest === 1 || to < from) return null
  const { step, count } = curve.columns
  let now = 1
  for (let i = from; i <= to; i++) now = Math.max(now, count[i])
  const [afterStep, upToStep] = [step[from] - count[from], step[to]]
  const widest = widestOf(upToStep - afterStep)
  return widest < now ? { afterStep, upToStep, widest } : null
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
