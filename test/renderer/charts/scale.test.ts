// Axes whose ticks are round numbers, and colours that can be told apart.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { extent, padded, position, powerLabel, ticksOf, valueAt } from '#renderer/charts/scale.ts'
import { contrast, darkTheme, lightTheme, memberColour } from '#renderer/charts/theme.ts'

describe('ticks', () => {
  it('lie inside the range, ascend and are few, on any axis', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 1e-6, max: 1e20, noNaN: true }),
        fc.double({ min: 1.001, max: 1e12, noNaN: true }),
        fc.constantFrom('linear' as const, 'log' as const),
        (from, ratio, kind) => {
          const to = from * ratio
          const { labelled } = ticksOf({ from, to }, kind)
          expect(labelled.length).toBeLessThanOrEqual(14)
          labelled.forEach((tick, i) => {
            const slack = 1e-6 * (to - from)
            expect(tick).toBeGreaterThanOrEqual(from - slack)
            expect(tick).toBeLessThanOrEqual(to + slack)
            if (i) expect(tick).toBeGreaterThan(labelled[i - 1])
          })
        },
      ),
    )
  })

  it('are powers of ten on wide logarithmic axes and fine steps on narrow ones', () => {
    expect(ticksOf({ from: 5e10, to: 2e13 }, 'log').labelled).toEqual([1e11, 1e12, 1e13])
    expect(ticksOf({ from: 2, to: 6.5 }, 'log').labelled).toEqual([2, 3, 4, 5, 6])
    expect(ticksOf({ from: 0, to: 1000 }, 'linear').labelled).toEqual([0, 200, 400, 600, 800, 1000])
  })

  it('say powers of ten as powers', () => {
    expect(powerLabel(1e15)).toBe('10¹⁵')
    expect(powerLabel(3e-4)).toBe('3×10⁻⁴')
    expect(powerLabel(0.01)).toBe('0.01')
    expect(powerLabel(2500)).toBe('2500')
  })
})

describe('ranges', () => {
  it('leave out what a scale cannot show', () => {
    expect(extent('log', [1, NaN, -3, Infinity, 7])).toEqual({ from: 1, to: 7 })
    expect(extent('linear', [NaN])).toBeNull()
    const { from, to } = padded({ from: 3, to: 3 }, 'log')
    expect(from).toBeLessThan(3)
    expect(to).toBeGreaterThan(3)
  })

  it('go to positions and back', () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-9, max: 1e25, noNaN: true }), (value) => {
        expect(valueAt(position(value, 'log'), 'log') / value).toBeCloseTo(1, 9)
      }),
    )
  })
})

describe('member colours', () => {
  it.each([
    ['light', lightTheme],
    ['dark', darkTheme],
  ] as const)('stand out from a %s surface and run evenly from small to large', (_name, theme) => {
    for (let count = 1; count <= 12; count++) {
      const colours = Array.from({ length: count }, (_, i) => memberColour(i, count, theme.isDark))
      const strengths = colours.map((colour) => contrast(colour, theme.surface))
      strengths.forEach((strength, i) => {
        expect(strength).toBeGreaterThanOrEqual(3)
        if (i) expect(strength).toBeGreaterThan(strengths[i - 1]) // lightness alone tells the order
      })
    }
  })

  it.each([
    ['light', lightTheme],
    ['dark', darkTheme],
  ] as const)('come with text that can be read on %s', (_name, theme) => {
    expect(contrast(theme.text, theme.surface)).toBeGreaterThanOrEqual(7)
    expect(contrast(theme.faint, theme.surface)).toBeGreaterThanOrEqual(4.5)
    expect(contrast(theme.neutral, theme.surface)).toBeGreaterThanOrEqual(3)
  })
})
