// A filter over the rows of a table as a person types it: `validation < 2.5 and (seed = 0 or tag = baseline)`.
import { deepestFilter, longestFilter, quoted } from '../bounds.ts'
import { Fault } from '../fault.ts'
import { columnNamed, isSameNumber, type Column, type Value } from './column.ts'
import { lex, type Token } from './filter-tokens.ts'

export type Filter<Row> = (row: Row) => boolean

/**
 * What the text lets through; everything where it is blank. `and` binds tighter than `or`; a value by itself looks for
 * rows in which any text holds it. Throws `bad-input` with a sentence that says what was not understood.
 */
export function parseFilter<Row>(text: string, columns: readonly Column<Row>[]): Filter<Row> {
  if (text.length > longestFilter) throw fault(`A filter has at most ${longestFilter} characters.`)
  const tokens = lex(text)
  let at = 0
  let depth = 0

  const isWord = (word: string): boolean => tokens[at]?.kind === 'word' && tokens[at].text.toLowerCase() === word
  const taken = (is: boolean): boolean => is && ++at > 0
  const isMark = (mark: string): boolean => tokens[at]?.kind === 'mark' && tokens[at].text === mark

  const either = (): Filter<Row> => {
    const parts = [both()]
    while (taken(isWord('or'))) parts.push(both())
    return parts.length === 1 ? parts[0] : (row) => parts.some((part) => part(row))
  }
  const both = (): Filter<Row> => {
    const parts = [negated()]
    while (taken(isWord('and'))) parts.push(negated())
    return parts.length === 1 ? parts[0] : (row) => parts.every((part) => part(row))
  }
  const negated = (): Filter<Row> => {
    if (++depth > deepestFilter) throw fault(`A filter nests at most ${deepestFilter} levels.`)
    try {
      if (!taken(isWord('not'))) return single()
      const inner = negated()
      return (row) => !inner(row)
    } finally {
      depth--
    }
  }
  const single = (): Filter<Row> => {
    if (taken(isMark('('))) {
      const inner = either()
      if (!taken(isMark(')'))) throw fault(at < tokens.length ? unexpected(tokens[at]) : 'A closing ) is missing.')
      return inner
    }
    const first = tokens[at++]
    if (!first) throw fault('Something is missing at the end, for example loss < 2.5.')
    if (first.kind === 'mark') throw fault(unexpected(first))
    const operator = tokens[at]
    if (operator?.kind !== 'mark' || '()'.includes(operator.text)) return holds(first.text, columns)
    const value = tokens[++at]
    at++
    const column = columnNamed(columns, first.text)
    if (!column)
      throw fault(`There is no column ${quoted(first.text)}. The names stand in the tooltip of each column's title.`)
    if (value?.kind === 'mark' || !value)
      throw fault(
        `After ${first.text} ${operator.text} a value is missing, for example ${first.text} ${operator.text} ${column.kind === 'number' ? '1e6' : 'word'}.`,
      )
    return comparison(column, operator.text, value)
  }

  if (tokens.length === 0) return () => true
  const filter = either()
  if (at < tokens.length) throw fault(unexpected(tokens[at]))
  return filter
}

const fault = (sentence: string): Fault => new Fault('bad-input', sentence)
const unexpected = ({ text }: Token): string =>
  `${quoted(text)} is not understood there. Join comparisons with and, or, not, for example loss < 2.5 and seed = 0.`

const textsOf = (value: Value): readonly string[] =>
  value === null ? [] : typeof value === 'object' ? value : [String(value)]

function holds<Row>(text: string, columns: readonly Column<Row>[]): Filter<Row> {
  const wanted = text.toLowerCase()
  const searched = columns.filter(({ kind }) => kind !== 'number')
  return (row) => searched.some(({ of }) => textsOf(of(row)).some((one) => one.toLowerCase().includes(wanted)))
}

function comparison<Row>({ key, kind, of }: Column<Row>, operator: string, value: Token): Filter<Row> {
  if (value.kind === 'word' && value.text.toLowerCase() === 'none') {
    if (operator !== '=' && operator !== '!=') throw fault(`none can only be compared with = and !=.`)
    return (row) => (textsOf(of(row)).length === 0) === (operator === '=')
  }
  if (kind === 'number') return numberComparison(key, of, operator, value)
  if (!['=', '!=', '~'].includes(operator)) throw fault(`${key} is text: compare it with =, != or ~ (contains).`)
  const wanted = value.text.toLowerCase()
  const fits = (one: string) => (operator === '~' ? one.toLowerCase().includes(wanted) : one.toLowerCase() === wanted)
  return (row) => textsOf(of(row)).some(fits) !== (operator === '!=')
}

function numberComparison<Row>(key: string, of: Column<Row>['of'], operator: string, value: Token): Filter<Row> {
  const wanted = value.number
  if (wanted === undefined) throw fault(`${key} is a number, and ${quoted(value.text)} is none.`)
  const compare = numberOperators[operator]
  if (!compare) throw fault(`${key} is a number: compare it with =, !=, <, <=, > or >=.`)
  return (row) => {
    const own = of(row)
    return typeof own === 'number' ? compare(own, wanted) : operator === '!='
  }
}

const numberOperators: Record<string, (a: number, b: number) => boolean> = {
  '=': isSameNumber,
  '!=': (a, b) => !isSameNumber(a, b),
  '<': (a, b) => a < b,
  '<=': (a, b) => a <= b,
  '>': (a, b) => a > b,
  '>=': (a, b) => a >= b,
}
