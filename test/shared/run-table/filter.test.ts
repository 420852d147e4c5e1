// The filter of a table: its answers are those of the same condition written as a program, and what it does not
// understand it says.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Fault } from '#shared/fault.ts'
import type { Column } from '#shared/run-table/column.ts'
import { parseFilter } from '#shared/run-table/filter.ts'

interface Row {
  name: string
  loss: number | null
  seed: number
  tags: string[]
}
const columns: Column<Row>[] = [
  { key: 'name', title: 'Name', kind: 'text', of: ({ name }) => name },
  { key: 'loss', title: 'Loss', kind: 'number', of: ({ loss }) => loss, aliases: ['train-loss'] },
  { key: 'seed', title: 'Seed', kind: 'number', of: ({ seed }) => seed },
  { key: 'tag', title: 'Tags', kind: 'list', of: ({ tags }) => tags },
]
const rows: Row[] = [
  { name: '43.9k', loss: 2.4, seed: 0, tags: ['baseline'] },
  { name: '137k', loss: 2.2, seed: 1, tags: ['Baseline', 'long run'] },
  { name: '1.2M', loss: null, seed: 0, tags: [] },
]
const kept = (text: string) => rows.filter(parseFilter(text, columns)).map(({ name }) => name)
const refusal = (text: string): string => {
  try {
    parseFilter(text, columns)
  } catch (error) {
    expect(error).toBeInstanceOf(Fault)
    return (error as Fault).message
  }
  throw new Error(`${text} was understood`)
}

describe('what a filter lets through', () => {
  test.each([
    ['', ['43.9k', '137k', '1.2M']],
    ['loss < 2.5 and seed = 0', ['43.9k']],
    ['loss<2.3', ['137k']],
    ['seed = 0 or loss < 2.3', ['43.9k', '137k', '1.2M']],
    ['not (seed = 0 or loss < 2.3)', []],
    ['seed = 1 or seed = 0 and loss > 2', ['43.9k', '137k']],
    ['NOT seed == 0 AND name = 137K', ['137k']],
    ['name = 43.9k', ['43.9k']],
    ['name ~ "k"', ['43.9k', '137k']],
    ['tag = baseline', ['43.9k', '137k']],
    ['tag != baseline', ['1.2M']],
    ["tag = 'long run'", ['137k']],
    ['tag = none', ['1.2M']],
    ['loss != none', ['43.9k', '137k']],
    ['Train_Loss >= 2400 ms', ['43.9k']],
    ['baseline', ['43.9k', '137k']],
    ['long and seed = 1', ['137k']],
  ])('%s', (text, names) => expect(kept(text)).toEqual(names))

  test('a number may carry a prefix and a unit', () => {
    const big: Column<number>[] = [{ key: 'c', title: 'C', kind: 'number', of: (row) => row }]
    const fits = (text: string, value: number) => parseFilter(text, big)(value)
    expect(fits('c = 60 GFLOP', 60e9)).toBe(true)
    expect(fits('c = 3.5M', 3.5e6)).toBe(true)
    expect(fits('c = 1e15', 1e15)).toBe(true)
    expect(fits('c = 2 h', 7200)).toBe(true)
    expect(fits('c = 3PFLOPs', 3e15)).toBe(true)
    expect(fits('c > -5', -4)).toBe(true)
  })
})

describe('what is not understood is a sentence', () => {
  test.each([
    ['lss < 2', /no column "lss"/],
    ['loss <', /a value is missing, for example loss < 1e6/],
    ['loss < abc', /loss is a number, and "abc" is none/],
    ['loss ~ 2', /compare it with =, !=, </],
    ['name < b', /name is text/],
    ['(seed = 0', /closing \) is missing/],
    ['seed = 0)', /"\)" is not understood/],
    ['seed = 0 loss < 2', /"loss" is not understood there/],
    ['seed = 0 and', /missing at the end/],
    ['= 3', /"=" is not understood/],
    ['name = "open', /never closes/],
    ['loss < none', /only be compared with/],
    ['('.repeat(60) + 'seed = 0' + ')'.repeat(60), /nests at most 50/],
    ['a'.repeat(1001), /at most 1000 characters/],
  ])('%s', (text, sentence) => expect(refusal(text)).toMatch(sentence))
})

/** A condition as text and as a program, made together. */
interface Condition {
  text: string
  fits: (row: Row) => boolean
}
const operators = {
  '<': (a: number, b: number) => a < b,
  '<=': (a: number, b: number) => a <= b,
  '>': (a: number, b: number) => a > b,
  '>=': (a: number, b: number) => a >= b,
  '=': (a: number, b: number) => a === b,
}
const comparison = fc
  .tuple(fc.constantFrom(...(Object.keys(operators) as (keyof typeof operators)[])), fc.integer({ min: -5, max: 5 }))
  .map(([name, value]): Condition => ({
    text: `seed ${name} ${value}`,
    fits: ({ seed }) => operators[name](seed, value),
  }))
const tag = fc
  .constantFrom('baseline', 'wide', 'deep')
  .map((word): Condition => ({ text: `tag="${word}"`, fits: ({ tags }) => tags.includes(word) }))
const { condition } = fc.letrec<{ condition: Condition }>((tie) => ({
  condition: fc.oneof(
    { maxDepth: 5 },
    comparison,
    tag,
    tie('condition').map(({ text, fits }) => ({ text: `not (${text})`, fits: (row: Row) => !fits(row) })),
    fc
      .array(tie('condition'), { minLength: 1, maxLength: 3 })
      .map((parts) => ({
        text: parts.map(({ text }) => `(${text})`).join(' and '),
        fits: (row: Row) => parts.every(({ fits }) => fits(row)),
      })),
    // without brackets: what binds tighter is what a program would bind tighter
    fc
      .tuple(comparison, comparison, tag)
      .map(([a, b, c]) => ({
        text: `${a.text} or ${b.text} and not ${c.text}`,
        fits: (row: Row) => a.fits(row) || (b.fits(row) && !c.fits(row)),
      })),
  ),
}))
const anyRow = fc.record<Row>({
  name: fc.string(),
  loss: fc.constant(null),
  seed: fc.integer({ min: -5, max: 5 }),
  tags: fc.subarray(['baseline', 'wide', 'deep']),
})

test('every condition means the same as text and as a program', () => {
  fc.assert(
    fc.property(condition, anyRow, ({ text, fits }, row) => {
      fc.pre(text.length <= 1000)
      expect(parseFilter(text, columns)(row)).toBe(fits(row))
    }),
  )
})

test('whatever is typed is a filter or a sentence of at most 300 characters', () => {
  const piece = fc.constantFrom(
    'seed',
    'name',
    '=',
    '<',
    '~',
    '(',
    ')',
    'and',
    'or',
    'not',
    '3',
    '"',
    "'",
    'none',
    '1e',
  )
  const typed = fc.oneof(
    fc.string({ maxLength: 200 }),
    fc.array(piece, { maxLength: 30 }).map((parts) => parts.join(' ')),
  )
  fc.assert(
    fc.property(typed, (text) => {
      try {
        expect(typeof parseFilter(text, columns)(rows[0])).toBe('boolean')
      } catch (error) {
        expect(error).toBeInstanceOf(Fault)
        expect((error as Fault).message.length).toBeLessThanOrEqual(300)
      }
    }),
  )
})
