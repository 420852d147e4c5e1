// A column of a table: what it holds of a row, and how a filter calls it.

export type Value = number | string | readonly string[] | null

export interface Column<Row> {
  /** How a filter and a CSV call it; unique. */
  key: string
  title: string
  kind: 'number' | 'text' | 'list'
  of: (row: Row) => Value
  /** Further names that a filter takes. */
  aliases?: readonly string[]
}

const plain = (name: string): string => name.toLowerCase().replace(/[^a-z0-9]/g, '')

/** The column that a person means: case, hyphens and slashes do not matter. */
export const columnNamed = <Row>(columns: readonly Column<Row>[], name: string): Column<Row> | undefined =>
  columns.find(({ key, aliases }) => [key, ...(aliases ?? [])].some((one) => plain(one) === plain(name)))

/** Ascending; text with its numbers in order (`9k` before `10k`), what is missing last whichever way it is sorted. */
export function compareValues(a: Value, b: Value, isDescending = false): number {
  const [missingA, missingB] = [isMissing(a), isMissing(b)]
  if (missingA || missingB) return Number(missingA) - Number(missingB)
  const order = typeof a === 'number' && typeof b === 'number' ? a - b : collator.compare(textOf(a), textOf(b))
  return isDescending ? -order : order
}

/** Equal within the three digits that a table shows would be too much, and to the last bit too little. */
export const isSameNumber = (a: number, b: number): boolean =>
  Math.abs(a - b) <= 1e-9 * Math.max(Math.abs(a), Math.abs(b))

const collator = new Intl.Collator('en', { numeric: true })
const isMissing = (value: Value): boolean => value === null || (typeof value === 'object' && value.length === 0)

/** As one line of text; nothing where it is missing. */
export const textOf = (value: Value): string =>
  value === null ? '' : typeof value === 'object' ? value.join(', ') : String(value)
