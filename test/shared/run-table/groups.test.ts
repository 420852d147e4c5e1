// Rows grouped by a column, their mean and spread, and the order of values.
import { expect, test } from 'vitest'
import { compareValues, type Column } from '#shared/run-table/column.ts'
import { groupRows, summarise } from '#shared/run-table/groups.ts'

interface Row {
  seed: number | null
  loss: number | null
}
const seed: Column<Row> = { key: 'seed', title: 'Seed', kind: 'number', of: (row) => row.seed }
const loss: Column<Row> = { key: 'loss', title: 'Loss', kind: 'number', of: (row) => row.loss }
const rows: Row[] = [
  { seed: 10, loss: 1 },
  { seed: 9, loss: 2 },
  { seed: null, loss: 7 },
  { seed: 10, loss: 3 },
  { seed: 10, loss: null },
]

test('groups stand in the order of their value, what has none last, and every row is in one', () => {
  const groups = groupRows(rows, seed)
  expect(groups.map(({ value }) => value)).toEqual([9, 10, null])
  expect(groups.map((group) => group.rows.length)).toEqual([1, 3, 1])
})

test('mean and spread are those of the rows that have the number', () => {
  const [nine, ten] = groupRows(rows, seed)
  expect(summarise(ten.rows, loss)).toEqual({ count: 2, mean: 2, spread: Math.SQRT2 })
  expect(summarise(nine.rows, loss)).toEqual({ count: 1, mean: 2, spread: null })
  expect(summarise([{ seed: 1, loss: null }], loss)).toBeNull()
})

test('text sorts by the numbers in it, and what is missing stays last when sorted downwards', () => {
  const sorted = (isDescending: boolean) =>
    ['137k', null, '43.9k', '9k'].sort((a, b) => compareValues(a, b, isDescending))
  expect(sorted(false)).toEqual(['9k', '43.9k', '137k', null])
  expect(sorted(true)).toEqual(['137k', '43.9k', '9k', null])
})
