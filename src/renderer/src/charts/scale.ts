// Axes: linear or logarithmic, with ticks that fall on round numbers and say what they mean. Charts draw positions,
// people read values.
import { rounded } from '#shared/numbers.ts'

export type ScaleKind = 'linear' | 'log'

export interface Range {
  from: number
  to: number
}

/** What a chart draws for a value: the value, or its power of ten. */
export const position = (value: number, kind: ScaleKind): number => (kind === 'log' ? Math.log10(value) : value)
/** The value behind a drawn position. */
export const valueAt = (at: number, kind: ScaleKind): number => (kind === 'log' ? 10 ** at : at)

/** Smallest and largest of what can be shown on this scale; null when nothing can. */
export function extent(kind: ScaleKind, values: Iterable<number>): Range | null {
  let from = Infinity
  let to = -Infinity
  for (const value of values) {
    if (!Number.isFinite(value) || (kind === 'log' && value <= 0)) continue
    if (value < from) from = value
    if (value > to) to = value
  }
  return from <= to ? { from, to } : null
}

export function union(...ranges: (Range | null)[]): Range | null {
  const known = ranges.filter((range): range is Range => range !== null)
  return known.length
    ? { from: Math.min(...known.map((range) => range.from)), to: Math.max(...known.map((range) => range.to)) }
    : null
}

/** A little air on both sides, and never a range of no width. */
export function padded({ from, to }: Range, kind: ScaleKind, share = 0.04): Range {
  const [low, high] = [position(from, kind), position(to, kind)]
  const air = high > low ? (high - low) * share : kind === 'log' ? 0.15 : Math.abs(low) * 0.1 || 1
  return { from: valueAt(low - air, kind), to: valueAt(high + air, kind) }
}

/** Where a person said that an axis begins and ends; null: by itself. */
export interface Limit {
  from: number | null
  to: number | null
}

export const noLimit: Limit = { from: null, to: null }
export const isLimited = ({ from, to }: Limit): boolean => from !== null || to !== null

/** The range with its ends as a person said them, as far as this scale has them and they leave something to be seen. */
export function limited(range: Range, { from, to }: Limit, kind: ScaleKind): Range {
  const usable = (end: number | null, otherwise: number) =>
    end === null || (kind === 'log' && end <= 0) ? otherwise : end
  const asked = { from: usable(from, range.from), to: usable(to, range.to) }
  return asked.to > asked.from ? asked : range
}

export interface Ticks {
  /** Values that carry a label. */
  labelled: number[]
  /** Values with a mark only. */
  minor: number[]
}

/**
 * Round values inside the range, about `wanted` of them labelled: powers of ten on wide log axes, 1-2-5 or finer steps
 * on narrow ones.
 */
export function ticksOf({ from, to }: Range, kind: ScaleKind, wanted = 6): Ticks {
  if (!(to > from)) return { labelled: [from], minor: [] }
  if (kind === 'linear') return { labelled: linearTicks(from, to, wanted), minor: [] }
  const decades = Math.log10(to) - Math.log10(from)
  if (decades < 0.7) return { labelled: linearTicks(from, to, wanted), minor: [] }
  const low = Math.floor(Math.log10(from))
  const high = Math.ceil(Math.log10(to))
  const within = (value: number) => value >= from * (1 - 1e-9) && value <= to * (1 + 1e-9)
  const every = Math.max(1, Math.ceil(decades / wanted))
  const powers = Array.from({ length: high - low + 1 }, (_, i) => low + i)
  const spread = (digits: number[]) =>
    powers.flatMap((power) => digits.map((digit) => digit * 10 ** power)).filter(within)
  const all = spread([1, 2, 3, 4, 5, 6, 7, 8, 9])
  const labelled =
    decades > 2.5
      ? powers
          .filter((power) => power % every === 0)
          .map((power) => 10 ** power)
          .filter(within)
      : decades > 1.3
        ? spread([1, 3])
        : spread([1, 2, 3, 5, 7])
  return { labelled, minor: decades > 9 ? [] : all.filter((value) => !labelled.includes(value)) }
}

function linearTicks(from: number, to: number, wanted: number): number[] {
  const rough = (to - from) / wanted
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((one) => one >= rough * 0.999)!
  const first = Math.ceil(from / step - 1e-9)
  const last = Math.floor(to / step + 1e-9)
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => rounded((first + i) * step, 12))
}

const superscripts = '⁰¹²³⁴⁵⁶⁷⁸⁹'
const raise = (power: number): string =>
  (power < 0 ? '⁻' : '') + [...String(Math.abs(power))].map((digit) => superscripts[Number(digit)]).join('')

/** `10¹⁵`, `3×10¹⁴`; plain digits between a thousandth and a hundred thousand. */
export function powerLabel(value: number): string {
  if (value === 0) return '0'
  const size = Math.abs(value)
  if (size >= 1e-3 && size < 1e5) return String(rounded(value, 4))
  const power = Math.floor(Math.log10(size) + 1e-9)
  const factor = rounded(value / 10 ** power)
  return factor === 1 ? `10${raise(power)}` : `${factor}×10${raise(power)}`
}
