// What a multiplier says, in words: how much, where, and from where on the data do not say.
import { inPowers, rounded, withDecimals } from '../../numbers.ts'
import { farthest, multiplierAt, type Multiplier, type MultiplierPoint, spaced } from './multiplier.ts'
import type { Pair } from './pair-fit.ts'

/** What is spent: `compute` in `FLOPs`. */
export interface Quantity {
  noun: string
  unit: string
}

export const compute: Quantity = { noun: 'compute', unit: 'FLOPs' }

export function verdictOf(multiplier: Multiplier, { a, b }: Pair<string>, { noun, unit }: Quantity = compute): string {
  const { range, drawn } = multiplier
  if (!range)
    return `${a} and ${b} were not measured at the same ${noun}, so the data do not say which of them needs less.`
  const inside = multiplierAt(multiplier, spaced(range.from, range.to, 9))
  const [first, middle, last] = [inside[0], inside[4], inside[8]]
  const between = `between ${amount(range.from)} and ${amount(range.to)} ${unit}`
  if (drawn.length === 0)
    return `${b} needs ${times(middle)} the ${noun} of ${a} ${between}, with as many parameters as different sizes, so nothing says how sure that is. Train other seeds or more sizes.`
  const sides = new Set(inside.map(sideOf))
  const beyond = `beyond ${amount(limitOf(multiplier, range.to, sideOf(last)))} ${unit} the data do not say.`
  if (sides.size === 1 && sides.has('open'))
    return `Between ${amount(range.from)} and ${amount(range.to)} ${unit} no difference shows: ${b} needs ${withInterval(middle)} the ${noun} of ${a}; ${beyond}`
  const isSteady = sides.size === 1 && Math.abs(Math.log(first.value! / last.value!)) < 0.05
  if (isSteady) return `${b} needs ${withInterval(middle)} the ${noun} of ${a} ${between}; ${beyond}`
  const crossing = sides.has('less') && sides.has('more') ? ', so which of them is better depends on the size' : ''
  return `${b} needs ${withInterval(first)} the ${noun} of ${a} at ${amount(range.from)} ${unit} and ${withInterval(last)} at ${amount(range.to)}${crossing}; ${beyond}`
}

/** Whether the interval lies below 1, above it, or leaves it open. */
const sideOf = ({ low, high }: MultiplierPoint): 'less' | 'more' | 'open' =>
  high !== null && high < 1 ? 'less' : low !== null && low > 1 ? 'more' : 'open'

/** From where on the interval no longer says what it says at the end of the data; at most `farthest` times as far. */
function limitOf(multiplier: Multiplier, to: number, side: 'less' | 'more' | 'open'): number {
  if (side === 'open') return to
  const ahead = multiplierAt(multiplier, spaced(to, farthest * to, 41))
  const lost = ahead.findIndex((point) => sideOf(point) !== side)
  return lost < 0 ? farthest * to : ahead[Math.max(0, lost - 1)].x
}

const withInterval = (point: MultiplierPoint): string =>
  `${times(point)} (${end(point.low, '0')} to ${end(point.high, 'no bound')})`
const times = ({ value }: MultiplierPoint): string => (value === null ? 'without bound' : `${digits(value)}x`)
const end = (value: number | null, without: string): string => (value === null ? without : digits(value))

const digits = (value: number): string => (value < 10 ? withDecimals(value, 2) : amount(value))

/** 1e12, 2.3e13: two digits, as compute is written; what is small in plain digits. */
const amount = (value: number): string => (value < 1e4 ? String(rounded(value)) : inPowers(rounded(value, 2)))
