// Tables as CSV: what is written is read back, and no cell is a formula.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseTable } from '#main/platform/disk/tables.ts'
import { writeCsv, type CsvCell } from '#shared/csv.ts'

test('text is quoted only where it must be, numbers keep every digit, and nothing is an empty cell', () => {
  expect(
    writeCsv(
      ['name', 'loss'],
      [
        ['5M', 2.5],
        ['a, "b"', -1e-7],
        ['two\nlines', null],
        [' set in', undefined],
        ['', NaN],
      ],
    ),
  ).toBe('name,loss\n5M,2.5\n"a, ""b""",-1e-7\n"two\nlines",\n" set in",\n,\n')
})

test.each(['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', '\r=1'])('%j is no formula but text', (text) => {
  const [, cell] = /^"?(.)/s.exec(writeCsv(['name'], [[text]]).slice('name\n'.length))!
  expect(cell).toBe("'")
})

test('a negative number stays a number', () => {
  expect(writeCsv(['x'], [[-1]])).toBe('x\n-1\n')
})

const text = fc.string({ unit: fc.constantFrom(...'=+-@\t\r\n",; \'a1é') })
const cell: fc.Arbitrary<CsvCell> = fc.oneof(text, fc.string(), fc.double({ noNaN: true, noDefaultInfinity: true }))

test('every table that is written is read back, formulas as text behind an apostrophe', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(cell, cell, fc.integer()), { minLength: 1 }), (rows) => {
      const read = parseTable(writeCsv(['a', 'b', 'c'], rows), 'table.csv')
      expect(read.columns).toEqual(['a', 'b', 'c'])
      expect(read.rows).toEqual(
        rows.map((row) =>
          row.map((one) => (typeof one === 'string' && /^[=+\-@\t\r]/.test(one) ? `'${one}` : String(one))),
        ),
      )
    }),
  )
})
