// How a cell of the table of runs reads: three digits, the field's units; the whole value is its title.
import type { Value } from '#shared/run-table/column.ts'
import { textOf } from '#shared/run-table/column.ts'
import { summarise } from '#shared/run-table/groups.ts'
import type { RunColumn, RunRow } from '#shared/run-table/run-columns.ts'
import {
  exactly,
  formatCount,
  formatFlops,
  formatSeconds,
  inPowers,
  rounded,
  threeDigits,
  withDecimals,
} from '#shared/numbers.ts'

const formats: Record<string, (value: number) => string> = {
  n: formatCount,
  d: formatCount,
  flops: formatFlops,
  speed: formatCount,
  time: formatSeconds,
  loss: (value) => withDecimals(value, 4),
  validation: (value) => withDecimals(value, 4),
  bestValidation: (value) => withDecimals(value, 4),
  tokensPerParam: threeDigits,
}
const plainNumber = (value: number): string => {
  const size = Math.abs(value)
  return size !== 0 && (size < 1e-4 || size >= 1e6) ? inPowers(rounded(value, 4)) : exactly(rounded(value, 6))
}
const numberText = (key: string, value: number): string => (formats[key] ?? plainNumber)(value)

export const cellText = (key: string, value: Value): string =>
  typeof value === 'number' ? numberText(key, value) : textOf(value) || '–'

/** Every digit, for the title. */
export const wholeText = (value: Value): string => (typeof value === 'number' ? exactly(value) : textOf(value))

/** `2.4012 ± 0.0031` over the rows of a group; the one value that they share; else nothing. */
export function groupText(column: RunColumn, rows: readonly RunRow[]): { text: string; title: string } {
  if (column.kind !== 'number') return { text: '', title: '' }
  const summary = summarise(rows, column)
  if (!summary) return { text: '–', title: '' }
  const { count, mean, spread } = summary
  return {
    text: numberText(column.key, mean) + (spread ? ` ± ${numberText(column.key, spread)}` : ''),
    title: `Mean of ${count}${spread === null ? '' : `, standard deviation ${exactly(spread)}`}`,
  }
}

const wide: Record<string, number> = {
  name: 150,
  study: 150,
  place: 160,
  flops: 112,
  device: 200,
  tag: 160,
  countedParameters: 150,
  note: 220,
}
/** Pixels; a column that shows `mean ± spread` needs more. */
export const widthOf = ({ key, kind, title }: RunColumn, isGrouped: boolean): number =>
  wide[key] ?? Math.max(kind === 'number' ? (isGrouped ? 148 : 92) : 100, 30 + 7 * title.length)
