// Rows whose texts are made to be looked through again and again: every task gets on with them, and does to every other
// text what the harness's own expressions do.
import { existsSync, readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readItem, withoutBrackets, type Row } from '#main/core/evaluation/items.ts'
import { space, stripEnd } from '#main/core/evaluation/python-text.ts'
import { tasks } from '#main/core/evaluation/tasks.ts'
import { textRows } from '#main/core/evaluation/text-tasks.ts'
import { withoutWikiTextSpaces } from '#main/core/evaluation/wikitext.ts'

const count = 200_000
const hostile = {
  brackets: '['.repeat(count),
  'every kind of bracket': '([{'.repeat(count / 3),
  'braces of templates': '{'.repeat(count),
  spaces: `a${' '.repeat(count)}b `,
  'spaces after a bracket': `( ${' '.repeat(count)}`,
  'quotation marks': '"\''.repeat(count / 2),
  letters: `${'x'.repeat(count)} ${'y'.repeat(count)}#`,
}

/** The row with a text in place of all of its own. */
const filled = (value: unknown, text: string): unknown =>
  typeof value === 'string'
    ? text
    : Array.isArray(value)
      ? value.map((one) => filled(one, text))
      : typeof value === 'object' && value !== null
        ? Object.fromEntries(Object.entries(value).map(([key, one]) => [key, filled(one, text)]))
        : value

const fixture = (name: string): string => `test/fixtures/evaluation/${name}.jsonl`
const withRows = tasks.filter(({ name }) => existsSync(fixture(name)))

describe.each(Object.entries(hostile))('%s', (_, text) => {
  it.each(withRows.map((task) => [task.name, task] as const))(
    'in the rows of %s',
    (name, task) => {
      const row = JSON.parse(readFileSync(fixture(name), 'utf8').split('\n')[0]) as Row
      try {
        readItem(task, { row: filled(row, text) as Row, where: 'here' })
      } catch (error) {
        expect((error as { code?: string }).code).toBe('bad-input')
      }
    },
    4000,
  )

  it('in a template', () => {
    const task = { ...withRows[0], kind: 'text' as const, forms: [{ context: text }] }
    expect(readItem(task, { row: { a: 'b' }, where: 'here' })).toMatchObject({ text })
  }, 4000)

  it('in a text that items are made of', () => {
    for (const name of ['cloze', 'repetition', 'word_order']) textRows(name, [text], { seed: 1, count: 10 })
  }, 4000)
})

const marked = fc.string({ unit: fc.constantFrom(...'[](){}"\' \n\u00a0aб'), maxLength: 40 })

describe('the harness’s expressions', () => {
  it('of brackets', () => {
    fc.assert(
      fc.property(marked, (text) => {
        const inside = `x${text}x`
        const theirs = inside.replace(/\[[^\n]*?\]/g, '').replaceAll('  ', ' ')
        expect(withoutBrackets(inside)).toBe(theirs)
      }),
      { numRuns: 2000 },
    )
  })

  it('of WikiText', () => {
    const pairs = ['()', '[]', '{}', '""', "''"]
    fc.assert(
      fc.property(fc.constantFrom(...pairs), marked, ([open, close], text) => {
        const only = [...text].map((sign) => ('[](){}"\''.includes(sign) ? (sign < '[' ? open : close) : sign)).join('')
        const theirs = only.replace(
          new RegExp(`\\${open}[${space}]*([^\\${close}]*?)[${space}]*\\${close}`, 'g'),
          `${open}$1${close}`,
        )
        expect(withoutWikiTextSpaces(only)).toBe(withoutWikiTextSpaces(theirs))
      }),
      { numRuns: 2000 },
    )
  })

  it('of spaces at the end', () => {
    fc.assert(
      fc.property(marked, (text) => {
        expect(stripEnd(text)).toBe(text.replace(new RegExp(`[${space}]+$`), ''))
      }),
    )
  })
})
