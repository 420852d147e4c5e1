// Options as people type them, 1e15, 2.5M, 30k, and the words of shared/numbers.ts in a terminal.
import { InvalidArgumentError } from 'commander'
import {
  formatSeconds,
  inPowers,
  parseNumber as readTyped,
  threeDigits,
  withPlainSpaces,
  withPrefix,
} from '#shared/numbers.ts'
import { oneLine } from '#shared/printable.ts'
import { bpeVocabularyRange, type TokenizerChoice } from '#shared/tokenizer/choice.ts'

/** Digits with an exponent or one of k M B/G T P E Z, the same for every option; NaN for anything else. */
const readNumber = (text: string): number =>
  /^[+-]?[\d.]+(e[+-]?\d+)?\s*[kKMGBTPEZ]?$/.test(text.trim()) ? (readTyped(text) ?? NaN) : NaN

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

/** 3.75 M, 75.0 k, 1.69 P; no prefix below 1. */
export const short = (value: number): string => withPlainSpaces(value < 1 ? threeDigits(value) : withPrefix(value))

/** 2.64e18. */
export const flopsText = (flops: number): string => inPowers(flops, 0, 2)

/** 2 h 14 min, 3 min 20 s, 12.3 s. */
export const duration = (seconds: number): string => withPlainSpaces(formatSeconds(seconds))

/** A plain table: first column to the left, numbers to the right. A name with a line break does not break it. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = [head, ...rows].map((row) => row.map(oneLine))
  const widths = head.map((_, i) => cells.reduce((widest, row) => Math.max(widest, row[i].length), 0))
  return cells
    .map((row) =>
      row
        .map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i])))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}
