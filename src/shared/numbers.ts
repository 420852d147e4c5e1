// Numbers as a person reads them: three significant digits, SI prefixes, and the exact value for whoever asks.

const space = '\u00a0'
const prefixes = ['', 'k', 'M', 'G', 'T', 'P', 'E', 'Z', 'Y', 'R', 'Q']
const small = ['', 'm', 'µ', 'n', 'p']

/** Three significant digits without an exponent: 3.75, 75.0, 512. */
export function threeDigits(value: number): string {
  if (value === 0) return '0'
  const three = rounded(value)
  const digits = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(three))))
  return three.toFixed(Math.min(digits, 20))
}

/** The same with a minus sign in place of a hyphen. */
export const signedDigits = (value: number): string => threeDigits(value).replace('-', '−')

/** To so many significant digits. */
export const rounded = (value: number, digits = 3): number => Number(value.toPrecision(digits))

/** As many digits after the point for every one of them, so that they can be compared: losses, accuracies. */
export const withDecimals = (value: number, digits: number): string => value.toFixed(digits)

/** As a person types large numbers: `1e15`, `3.5e12`; in plain digits below `from`; with `digits` after the point. */
export const inPowers = (value: number, from = 0, digits?: number): string =>
  Math.abs(value) >= from ? value.toExponential(digits).replace('e+', 'e') : String(value)

/** `3.75 M`, `75.0 k`, `512`; with a unit, `1.69 PFLOP`. Whole numbers below a thousand stay whole. */
export function withPrefix(value: number, unit = ''): string {
  if (!Number.isFinite(value)) return '–'
  const glue = (text: string, prefix: string) => (prefix + unit ? `${text}${space}${prefix}${unit}` : text)
  if (value === 0) return glue('0', '')
  if (Number.isInteger(value) && Math.abs(value) < 1000) return glue(String(value), '')
  const size = Math.abs(rounded(value))
  if (size < 1) {
    const power = Math.min(small.length - 1, Math.ceil(-Math.log10(size) / 3 - 1e-12))
    return glue(threeDigits(value * 1000 ** power), small[power]!)
  }
  const power = Math.min(prefixes.length - 1, Math.floor(Math.log10(size) / 3 + 1e-12))
  return glue(threeDigits(value / 1000 ** power), prefixes[power]!)
}

/** A count of things: `3.75 M`; billions, as the field says them: `175 B`. */
export const formatCount = (count: number): string => withPrefix(count).replace(/G$/, 'B')

/** Training compute: `1.69 PFLOP`. */
export const formatFlops = (flops: number): string => withPrefix(flops, 'FLOP')

/** Speed of computing: `41.2 GFLOP/s`. */
export const formatFlopsPerSecond = (rate: number): string => withPrefix(rate, 'FLOP/s')

/** Bytes in SI: `2.40 MB`. */
export const formatBytes = (bytes: number): string => withPrefix(bytes, 'B')

/** Training speed: `12.3 k tokens/s`. */
export const formatTokensPerSecond = (rate: number): string => `${withPrefix(rate)}${space}tokens/s`

/** The same where the column says of what: `12.3 k/s`. */
export const formatPerSecond = (rate: number): string => `${withPrefix(rate)}${rate >= 1000 ? '' : space}/s`

/** A loss in nats: `3.21`. */
export const formatLoss = (loss: number | null): string =>
  loss === null || !Number.isFinite(loss) ? '–' : threeDigits(loss)

/** A share as a percentage: `4.12 %`. What is only rounding error, a line through two points say, is `0 %`. */
export const formatShare = (share: number): string =>
  Number.isFinite(share) ? `${threeDigits(Math.abs(share) < 1e-9 ? 0 : share * 100)}${space}%` : '–'

/** The same with its sign always shown. */
export const formatSignedShare = (share: number): string =>
  (share > 0 ? '+' : share < 0 ? '−' : '') + formatShare(Math.abs(share))

/** A duration: `820 ms`, `12.3 s`, `4 min 12 s`, `2 h 14 min`, `3 d 4 h`, `270 d`, `3.81 years`. */
export function formatSeconds(seconds: number): string {
  if (!Number.isFinite(seconds) || seconds < 0) return '–'
  if (seconds === 0) return `0${space}s`
  if (seconds < 0.0009995) return withPrefix(seconds, 's')
  if (seconds < 0.9995) return `${threeDigits(seconds * 1000)}${space}ms`
  if (seconds < 59.95) return `${threeDigits(seconds)}${space}s`
  const pair = (big: number, bigUnit: string, rest: number, restUnit: string) =>
    `${big}${space}${bigUnit}${rest ? `${space}${rest}${space}${restUnit}` : ''}`
  const whole = Math.round(seconds)
  if (whole < 3600) return pair(Math.floor(whole / 60), 'min', whole % 60, 's')
  const minutes = Math.round(seconds / 60)
  if (minutes < 1440) return pair(Math.floor(minutes / 60), 'h', minutes % 60, 'min')
  const hours = Math.round(seconds / 3600)
  if (hours < 24 * 100) return pair(Math.floor(hours / 24), 'd', hours % 24, 'h')
  const days = Math.round(hours / 24)
  return days < 730 ? `${days}${space}d` : `${withPrefix(days / 365.25)}${space}years`
}

/** Every digit there is, thousands set apart: `3,750,144`. Very large and very small numbers keep an exponent. */
export function exactly(value: number): string {
  if (!Number.isFinite(value)) return String(value)
  const size = Math.abs(value)
  if (size !== 0 && (size >= 1e15 || size < 1e-4)) return inPowers(value)
  const [whole, part] = String(value).split('.')
  const grouped = whole!.replace(/\B(?=(\d{3})+$)/g, ',')
  return part ? `${grouped}.${part}` : grouped
}

/** For terminals and sentences, which break lines where they like. */
export const withPlainSpaces = (text: string): string => text.replaceAll(space, ' ')

/** Characters that anybody writes a number in. */
const longestNumber = 100

const factors: Record<string, number> = { k: 1e3, m: 1e6, g: 1e9, b: 1e9, t: 1e12, p: 1e15, e: 1e18, z: 1e21 }

/** What a person typed as a number: `1e15`, `3.5M`, `1,000`, `2 PFLOP`. Null when it is none. */
export function parseNumber(text: string): number | null {
  if (text.length > longestNumber) return null // digits without end take the expression as their square
  const match = /^([+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)\s*([kmgbtpez])?(?:flops?)?$/i.exec(
    text
      .trim()
      .replace(/(?<=\d)[,\u00a0_](?=\d)/g, '')
      .replace(/\u00a0/g, ' '),
  )
  if (!match || match[2] === 'e') return null // `1e` is the beginning of 1e15, `1E` is exa
  if (!match[2]) return Number(match[1])
  const value = Number(match[1]) * factors[match[2].toLowerCase()]!
  // 1.1k is 1100: the digits that a product has from rounding are not meant.
  const whole = Math.round(value)
  return Math.abs(value - whole) < 1e-9 * Math.abs(value) ? whole : value
}

/** `1 run`, `3 runs`. */
export const plural = (count: number, one: string, many = `${one}s`): string =>
  `${formatCount(count)} ${count === 1 ? one : many}`
