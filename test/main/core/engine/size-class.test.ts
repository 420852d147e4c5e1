import fc from 'fast-check'
import { expect, test } from 'vitest'
import { sizeClass } from '#main/core/engine/size-class.ts'

test('a block holds what is asked for, wastes at most an eighth above its grain, and its size is its own class', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 2 ** 40 }), fc.constantFrom(64, 256), (size, grain) => {
      const taken = sizeClass(size, grain)
      expect(taken).toBeGreaterThanOrEqual(size)
      expect(taken).toBeLessThanOrEqual(Math.max(size * 1.125, size + grain))
      expect(sizeClass(taken, grain)).toBe(taken)
    }),
  )
})
