import fc from 'fast-check'
import { expect, test } from 'vitest'
import { rowsById } from '#main/core/engine/rows-by-id.ts'

test('every row stands once, those of a smaller id first, each id in its own order', () => {
  fc.assert(
    fc.property(fc.array(fc.nat({ max: 12 }), { minLength: 1, maxLength: 60 }), (list) => {
      const { order, starts } = rowsById(Int32Array.from(list), 13)
      const expected = list.map((_, row) => row).sort((a, b) => list[a] - list[b] || a - b)
      expect([...order]).toEqual(expected)
      const begins = expected.flatMap((row, at) => (at === 0 || list[row] !== list[expected[at - 1]] ? [at] : []))
      expect([...starts]).toEqual([...begins, list.length])
    }),
  )
})
