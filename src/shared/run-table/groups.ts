// Rows that share a column's value, and what their numbers have in common.
import { meanOf, spreadOf } from '../statistics.ts'
import { compareValues, textOf, type Column, type Value } from './column.ts'

export interface Group<Row> {
  /** The shared value as text; rows without one share the empty text. */
  key: string
  value: Value
  rows: Row[]
}

/** In the order of the value, rows in the order in which they came. */
export function groupRows<Row>(rows: readonly Row[], column: Column<Row>): Group<Row>[] {
  const groups = new Map<string, Group<Row>>()
  for (const row of rows) {
    const value = column.of(row)
    const key = textOf(value)
    const group = groups.get(key)
    if (group) group.rows.push(row)
    else groups.set(key, { key, value, rows: [row] })
  }
  return [...groups.values()].sort((a, b) => compareValues(a.value, b.value))
}

export interface Summary {
  /** Rows that have the number. */
  count: number
  mean: number
  /** Standard deviation of the sample (n − 1); null for a single row. */
  spread: number | null
}

/** Mean and spread of a column of numbers; null where no row has one. */
export function summarise<Row>(rows: readonly Row[], { of }: Column<Row>): Summary | null {
  const values = rows.map(of).filter((value): value is number => typeof value === 'number' && Number.isFinite(value))
  return values.length === 0 ? null : { count: values.length, mean: meanOf(values), spread: spreadOf(values) }
}
