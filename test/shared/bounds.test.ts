// Sentences and JSON from outside stay within their bounds, whatever comes.
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { longestDetailsBytes, longestMessageBytes, shortened } from '#shared/bounds.ts'
import { Fault, toFaultData } from '#shared/fault.ts'
import { JsonError, parseJson, parsePythonJson } from '#shared/json.ts'

const bytes = (text: string): number => new TextEncoder().encode(text).length

it('a text is cut to so many bytes, keeps its beginning and its end, and is left alone where it fits', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 300 }), fc.integer({ min: 20, max: 200 }), (text, most) => {
      const cut = shortened(text, most)
      expect(bytes(cut)).toBeLessThanOrEqual(Math.max(most, bytes(text) <= most ? bytes(text) : most))
      if (bytes(text) <= most) expect(cut).toBe(text)
    }),
  )
  expect(shortened(`${'k'.repeat(5000)} Save it as UTF-8.`, 100)).toMatch(/^k+….*Save it as UTF-8\.$/)
})

it('whatever is thrown becomes plain data within its bounds', () => {
  fc.assert(
    fc.property(fc.anything(), fc.string(), (thrown, message) => {
      for (const error of [thrown, new Error(message.repeat(3000)), new Fault('failed', `A ${message.repeat(3000)}`)]) {
        const data = toFaultData(error)
        expect(bytes(data.message)).toBeLessThanOrEqual(longestMessageBytes)
        expect(bytes(data.details ?? '')).toBeLessThanOrEqual(longestDetailsBytes)
        expect(data.message).not.toBe('')
      }
    }),
    { numRuns: 50 },
  )
  expect(toFaultData({ toString: 1 }).code).toBe('failed')
})

it('JSON is parsed as ever, unless it is too deep or too long', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const text = JSON.stringify(value)
      expect(parseJson(text)).toEqual(JSON.parse(text))
    }),
  )
  expect(parseJson('['.repeat(100) + ']'.repeat(100))).toBeDefined()
  expect(() => parseJson('['.repeat(200_000))).toThrow(JsonError)
  expect(parseJson(JSON.stringify('['.repeat(500)))).toHaveLength(500)
  expect(() => parseJson('"abc"', { most: 4 })).toThrow(/5 characters/)
})

it('what Python writes for numbers that are none becomes null, and words stay words', () => {
  expect(parsePythonJson('{"a":NaN,"b":[-Infinity,Infinity],"c":"NaN \\" Infinity"}')).toEqual({
    a: null,
    b: [null, null],
    c: 'NaN " Infinity',
  })
  expect(() => parsePythonJson('NaNa')).toThrow(JsonError)
  expect(() => parsePythonJson('{"a":NaN,"b":"')).toThrow(JsonError)
})

it('JSON behind a byte-order mark is read, and so is a long string beside a number that is none', () => {
  expect(parseJson('\ufeff{"a":1}')).toEqual({ a: 1 })
  const long = '\n'.repeat(3_000_000)
  expect(parsePythonJson(JSON.stringify({ a: 'NUL', long }).replace('"NUL"', 'NaN'))).toEqual({ a: null, long })
  // By an expression this would take the square of its length.
  expect(() => parsePythonJson(`NaN "${'\\"'.repeat(1_000_000)}`)).toThrow(JsonError)
})

it('a message stays in its line, whatever it quotes', () => {
  expect(toFaultData(new Fault('bad-input', 'There is no field a\u001b[31m\nb\tc\0.')).message).toBe(
    'There is no field a[31m b c.',
  )
})
