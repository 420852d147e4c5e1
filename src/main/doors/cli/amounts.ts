// Numbers as people type and read them: 1e15, 2.5M, 30k; and back with three digits.
import { InvalidArgumentError } from 'commander'
import { oneLine } from '#shared/printable.ts'
import { bpeVocabularyRange, type TokenizerChoice } from '#shared/tokenizer/choice.ts'

const units: Record<string, number> = {
  '': 1,
  k: 1e3,
  K: 1e3,
  M: 1e6,
  G: 1e9,
  B: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Z: 1e21,
}

/** Digits with an exponent or one of k M B/G T P E Z, the same for every option; NaN for anything else. */
function readNumber(text: string): number {
  const match = /^([+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)\s*([kKMGBTPEZ]?)$/.exec(text.trim())
  if (!match) return NaN
  const value = Number(match[1]) * units[match[2]]
  // 1.1k is 1100: the digits that a unit's product has from rounding are not meant.
  const whole = Math.round(value)
  return match[2] !== '' && Math.abs(value - whole) < 1e-9 * Math.abs(value) ? whole : value
}

/** A positive amount. */
export function parseAmount(text: string): number {
  const value = readNumber(text)
  if (!(value > 0) || !Number.isFinite(value))
    throw new InvalidArgumentError('It must be a number above 0, such as 1e15, 2.5M or 30k.')
  return value
}

/** A whole number in a range. */
export function parseWhole(smallest: number, largest = Number.MAX_SAFE_INTEGER): (text: string) => number {
  return (text) => {
    const value = readNumber(text)
    if (!Number.isSafeInteger(value) || value < smallest || value > largest) {
      throw new InvalidArgumentError(
        `It must be a whole number ${largest === Number.MAX_SAFE_INTEGER ? `from ${smallest}` : `from ${smallest} to ${largest}`}.`,
      )
    }
    return value
  }
}

/** A number in a range. */
export function parseNumber(smallest: number, largest: number): (text: string) => number {
  return (text) => {
    const value = readNumber(text)
    if (!(value >= smallest && value <= largest))
      throw new InvalidArgumentError(`It must be a number from ${smallest} to ${largest}.`)
    return value
  }
}

/** `4,64,2`: layers, width, heads. */
export function parseShape(text: string): [number, number, number] {
  const parts = text.split(',').map((part) => parseWhole(1, 65_536)(part))
  if (parts.length !== 3 || parts[1] % parts[2] !== 0)
    throw new InvalidArgumentError('It must be layers,width,heads, such as 4,64,2; the heads divide the width.')
  return parts as [number, number, number]
}

/** `bytes`, `gpt2` or `bpe:4096`. */
export function parseTokenizer(text: string): TokenizerChoice {
  if (text === 'bytes' || text === 'gpt2') return { kind: text }
  const { smallest, largest } = bpeVocabularyRange
  const vocabulary = Number(/^bpe:(\d+)$/.exec(text)?.[1])
  if (!(vocabulary >= smallest && vocabulary <= largest)) {
    throw new InvalidArgumentError(`It must be bytes, gpt2, or bpe:N with N from ${smallest} to ${largest}.`)
  }
  return { kind: 'bpe', vocabulary }
}

/** 3.75 M, 75.0 k, 1.69 P: three significant digits. */
export function short(value: number): string {
  for (const [unit, sign] of [
    [1e24, ''],
    [1e21, 'Z'],
    [1e18, 'E'],
    [1e15, 'P'],
    [1e12, 'T'],
    [1e9, 'G'],
    [1e6, 'M'],
    [1e3, 'k'],
  ] as const) {
    if (value >= 0.9995 * unit)
      return unit === 1e24 ? value.toExponential(2) : `${(value / unit).toPrecision(3)} ${sign}`
  }
  return value >= 100 ? String(Math.round(value)) : String(Number(value.toPrecision(3)))
}

/** 2.64e18. */
export const flopsText = (flops: number): string => flops.toExponential(2).replace('e+', 'e')

/** 2 h 14 min, 3 min 20 s, 12 s. */
export function duration(seconds: number): string {
  const whole = Math.round(seconds)
  if (whole < 60) return `${whole} s`
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`
  if (whole < 86_400) return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`
  return `${Math.floor(whole / 86_400)} d ${Math.floor((whole % 86_400) / 3600)} h`
}

/** A plain table: first column to the left, numbers to the right. A name with a line break does not break it. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = [head, ...rows].map((row) => row.map(oneLine))
  const widths = head.map((_, i) => Math.max(...cells.map((row) => row[i].length)))
  return cells
    .map((row) =>
      row
        .map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i])))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}
