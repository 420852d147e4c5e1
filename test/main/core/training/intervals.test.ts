import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { intervalsFor, isDue, keptCheckpoints } from '#main/core/training/intervals.ts'

describe('intervals', () => {
  it('every best checkpoint was validated: one interval divides the other', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1e6 }),
        fc.option(fc.double({ min: 0.01, max: 1e7, noNaN: true })),
        (steps, seconds) => {
          const { validation, sample, checkpoint } = intervalsFor(steps, seconds)
          for (const every of [validation, sample, checkpoint]) expect(Number.isInteger(every) && every >= 1).toBe(true)
          expect(Math.max(validation, checkpoint) % Math.min(validation, checkpoint)).toBe(0)
          expect(validation).toBeLessThanOrEqual(Math.ceil(steps / 5))
        },
      ),
    )
  })

  it('a run of hours is saved about every half minute', () => {
    const { checkpoint } = intervalsFor(10_000, 10_000) // a second a step
    expect(checkpoint).toBe(30)
  })

  it('a thing is due at its multiples and at the end, never at 0', () => {
    expect([1, 2, 3, 4, 5, 6, 7].filter((step) => isDue(step, 3, 7))).toEqual([3, 6, 7])
    expect(isDue(7, 0, 7)).toBe(false)
  })

  it('keeps the last two and the best', () => {
    expect(keptCheckpoints([10, 20, 30, 40], 20)).toEqual([20, 30, 40])
    expect(keptCheckpoints([10, 20, 30, 40], 40)).toEqual([30, 40])
    expect(keptCheckpoints([10], null)).toEqual([10])
  })
})
