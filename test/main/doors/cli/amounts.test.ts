// Numbers as people type and read them.
import { describe, expect, it } from 'vitest'
import {
  duration,
  flopsText,
  parseAmount,
  parseNumber,
  parseTokenizer,
  parseWhole,
  short,
  table,
} from '#main/doors/cli/amounts.ts'

describe('what a person types', () => {
  it('is an amount with an exponent or a unit', () => {
    expect(['1e15', '2.5M', '30k', '1B', '1G', '3 P', '7'].map(parseAmount)).toEqual([
      1e15, 2.5e6, 3e4, 1e9, 1e9, 3e15, 7,
    ])
    for (const text of ['', '0', '-1', 'much', '1e999', '0x10', '1 k M', 'Infinity', '1e'])
      expect(() => parseAmount(text), text).toThrow('number above 0')
  })
  it('is a whole number in its range', () => {
    expect(parseWhole(0, 65_535)('8080')).toBe(8080)
    expect(['1e3', '20k', '1.1k'].map(parseWhole(0, 65_535))).toEqual([1000, 20_000, 1100])
    for (const text of ['', '1.5', '-1', '65536', '0x1', '1e9', '1_000', '1,5', '１２'])
      expect(() => parseWhole(0, 65_535)(text), text).toThrow('whole number from 0 to 65535')
  })
  it('is a number in its range', () => {
    expect(parseNumber(0, 100)('0.8')).toBe(0.8)
    expect(parseNumber(0, 100)('1e-3')).toBe(0.001)
    expect(parseNumber(-1, 100)('-.5')).toBe(-0.5)
    for (const text of ['', ' ', 'NaN', '-0.1', '101', '0x10', '0b1', 'Infinity'])
      expect(() => parseNumber(0, 100)(text), text).toThrow('number from 0 to 100')
  })
  it('is a tokenizer', () => {
    expect(['bytes', 'gpt2', 'bpe:512'].map(parseTokenizer)).toEqual([
      { kind: 'bytes' },
      { kind: 'gpt2' },
      { kind: 'bpe', vocabulary: 512 },
    ])
    for (const text of ['bpe', 'bpe:256', 'bpe:99999', 'words', 'bpe:5e2'])
      expect(() => parseTokenizer(text), text).toThrow('bpe:N')
  })
})

describe('what a person reads', () => {
  it('has three digits', () => {
    expect([0, 0.05, 7, 999.4, 999.7, 28_320, 3_750_000, 2.2e9, 1.69e15].map(short)).toEqual([
      '0',
      '0.0500',
      '7',
      '999',
      '1.00 k',
      '28.3 k',
      '3.75 M',
      '2.20 G',
      '1.69 P',
    ])
    expect(flopsText(2.6437e18)).toBe('2.64e18')
  })
  it('is a time', () => {
    expect([0.4, 59.6, 60, 200, 8040, 100_000].map(duration)).toEqual([
      '400 ms',
      '59.6 s',
      '1 min',
      '3 min 20 s',
      '2 h 14 min',
      '1 d 4 h',
    ])
  })
  it('is a table, words to the left and numbers to the right', () => {
    expect(
      table(
        ['a', 'count'],
        [
          ['long name', '1'],
          ['b', '22'],
        ],
      ),
    ).toBe('a          count\nlong name      1\nb             22')
  })
  it('is a table of as many rows as there are', () => {
    expect(
      table(
        ['a'],
        Array.from({ length: 200_000 }, () => ['b']),
      ),
    ).toHaveLength(400_001)
  })
  it('is a table that a name with a line break does not break', () => {
    expect(table(['a'], [['one\nname']])).toBe('a\none name')
  })
})
