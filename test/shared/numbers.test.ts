// Numbers as a person reads and types them.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  exactly,
  formatBytes,
  formatCount,
  formatFlops,
  formatLoss,
  formatSeconds,
  formatShare,
  formatSignedShare,
  formatTokensPerSecond,
  inPowers,
  parseNumber,
  plural,
  rounded,
  threeDigits,
  withDecimals,
  withPrefix,
} from '#shared/numbers.ts'

const plain = (text: string) => text.replace(/\u00a0/g, ' ')

describe('numbers', () => {
  it('are rounded to significant digits, not to places', () => {
    expect([rounded(123_456), rounded(0.000123456), rounded(1.26, 2)]).toEqual([123_000, 0.000123, 1.3])
  })

  it('keep as many decimals as they are asked to, so that losses stand under each other', () => {
    expect([withDecimals(2.5, 4), withDecimals(0.12345, 3)]).toEqual(['2.5000', '0.123'])
  })

  it('are written in powers as a person types them, small ones in plain digits', () => {
    expect([inPowers(1e15), inPowers(3.5e12, 1e6), inPowers(999_999, 1e6)]).toEqual(['1e15', '3.5e12', '999999'])
    expect(parseNumber(inPowers(3.5e12))).toBe(3.5e12)
  })

  it('have three significant digits and an SI prefix', () => {
    expect(plain(formatCount(3_750_144))).toBe('3.75 M')
    expect(plain(formatCount(75_000_000))).toBe('75.0 M')
    expect(plain(formatFlops(1.69e15))).toBe('1.69 PFLOP')
    expect(plain(formatBytes(2_400_000))).toBe('2.40 MB')
    expect(plain(formatTokensPerSecond(12_345))).toBe('12.3 k tokens/s')
    expect(plain(formatTokensPerSecond(362))).toBe('362 tokens/s')
    expect(formatLoss(3.21456)).toBe('3.21')
    expect(plain(formatShare(0.0412))).toBe('4.12 %')
    expect(plain(formatShare(5.55e-17))).toBe('0 %')
    expect(plain(formatSignedShare(-0.0066))).toBe('−0.660 %')
  })

  it('stay whole below a thousand, and carry over when rounding makes a thousand', () => {
    expect(formatCount(512)).toBe('512')
    expect(formatCount(0)).toBe('0')
    expect(plain(formatCount(999_600))).toBe('1.00 M')
    expect(plain(formatCount(999.7))).toBe('1.00 k')
    expect(plain(withPrefix(0.00018, 's'))).toBe('180 µs')
  })

  it('never say undefined, NaN or Infinity', () => {
    for (const value of [NaN, Infinity, -Infinity]) {
      for (const say of [formatCount, formatFlops, formatBytes, formatLoss, formatShare]) expect(say(value)).toBe('–')
    }
    expect(formatSeconds(NaN)).toBe('–')
    expect(formatLoss(null)).toBe('–')
  })

  it('are within half a unit of the third digit', () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-3, max: 1e30, noNaN: true }), (value) => {
        const [digits, prefix = ''] = plain(withPrefix(value)).split(' ')
        const factor = {
          '': 1,
          m: 1e-3,
          µ: 1e-6,
          k: 1e3,
          M: 1e6,
          G: 1e9,
          T: 1e12,
          P: 1e15,
          E: 1e18,
          Z: 1e21,
          Y: 1e24,
          R: 1e27,
          Q: 1e30,
        }[prefix]!
        expect(Math.abs((Number(digits) * factor) / value - 1)).toBeLessThanOrEqual(0.00501)
        expect(digits.replace(/[.]|^0+\.?0*/g, '').length).toBeLessThanOrEqual(3)
      }),
    )
    expect(threeDigits(0.000123456)).toBe('0.000123')
  })
})

describe('durations', () => {
  it('take the two units that matter', () => {
    const said: [number, string][] = [
      [0, '0 s'],
      [0.82, '820 ms'],
      [12.34, '12.3 s'],
      [59.96, '1 min'],
      [252, '4 min 12 s'],
      [3599.6, '1 h'],
      [8040, '2 h 14 min'],
      [86_399, '1 d'],
      [273_600, '3 d 4 h'],
      [270 * 86_400, '270 d'],
      [3.81 * 365.25 * 86_400, '3.81 years'],
    ]
    for (const [seconds, text] of said) expect(plain(formatSeconds(seconds))).toBe(text)
  })
})

describe('exact numbers', () => {
  it('keep every digit', () => {
    expect(exactly(3_750_144)).toBe('3,750,144')
    expect(exactly(0.12345)).toBe('0.12345')
    expect(exactly(1234.5)).toBe('1,234.5')
    expect(exactly(2.5e18)).toBe('2.5e18')
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        expect(parseNumber(exactly(value))).toBe(value + 0)
      }),
    )
  })

  it('can be typed in many ways', () => {
    const typed: [string, number | null][] = [
      ['1e15', 1e15],
      ['3.5M', 3.5e6],
      [' 1,000 ', 1000],
      ['2 PFLOP', 2e15],
      ['1.3B', 1.3e9],
      ['.5', 0.5],
      ['-2k', -2000],
      ['', null],
      ['three', null],
      ['1,,2', null],
      ['1e', null],
      ['1E', 1e18],
    ]
    for (const [text, value] of typed) expect(parseNumber(text)).toBe(value)
  })
})

it('one run, three runs', () => {
  expect(plural(1, 'run')).toBe('1 run')
  expect(plural(3, 'run')).toBe('3 runs')
})
