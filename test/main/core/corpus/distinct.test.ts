import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createHashSet } from '#main/core/corpus/distinct.ts'
import { hashFraction, splitOf, splitSmall } from '#main/core/corpus/split.ts'

const sha = (text: string) => createHash('sha256').update(text).digest()

test('a hash is new once', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(500), { maxLength: 1500 }), (numbers) => {
      const set = createHashSet()
      const seen = new Set<number>()
      for (const number of numbers) {
        expect(set.add(sha(String(number)))).toBe(!seen.has(number))
        seen.add(number)
      }
      expect(set.size).toBe(seen.size)
    }),
    { numRuns: 30 },
  )
})

test('hashes that agree in all but one stored byte are two', () => {
  for (let byte = 0; byte < 12; byte++) {
    const set = createHashSet()
    const hash = Buffer.alloc(32, 7)
    set.add(hash)
    hash[byte] = 8
    expect(set.add(hash)).toBe(true)
    expect(set.add(hash)).toBe(false)
  }
  expect(createHashSet().add(Buffer.alloc(32))).toBe(true)
})

test('200,000 hashes take less than 25 bytes each', () => {
  const set = createHashSet()
  for (let index = 0; index < 200_000; index++) set.add(sha(`${index}`))
  expect(set.size).toBe(200_000)
  expect(set.bytes / set.size).toBeLessThan(25)
})

describe('splits', () => {
  test('hold out about a twentieth each', () => {
    const counts = { train: 0, validation: 0, test: 0 }
    for (let index = 0; index < 20_000; index++) counts[splitOf(hashFraction(sha(`document ${index}`)))]++
    // 20,000 draws: a standard deviation is 31.
    expect(Math.abs(counts.validation - 1000)).toBeLessThan(150)
    expect(Math.abs(counts.test - 1000)).toBeLessThan(150)
  })

  test('a known text stays where it always was', () => {
    // By sha256sum: the last four bytes of 'document 4' are 0.0045 of the whole range, of 'document 28' 0.063, of
    // 'document 0' above 0.1.
    expect(
      ['document 4', 'document 6', 'document 28', 'document 53', 'document 0'].map((text) =>
        splitOf(hashFraction(sha(text))),
      ),
    ).toEqual(['test', 'test', 'validation', 'validation', 'train'])
  })

  test('a small corpus has all three, whatever its order', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.double({ min: 0, max: 0.999, noNaN: true }), { minLength: 3, maxLength: 40 }),
        fc.integer(),
        (fractions, seed) => {
          const dealt = splitSmall(fractions)
          expect(new Set(dealt)).toEqual(new Set(['train', 'validation', 'test']))
          const order = fractions.map((_, index) => index).sort((a, b) => Math.sin(a + seed) - Math.sin(b + seed))
          const again = splitSmall(order.map((index) => fractions[index]!))
          expect(order.map((index) => dealt[index])).toEqual(again)
        },
      ),
    )
  })
})
