// Fewer points, the same picture.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decimate } from '#renderer/curves/decimate.ts'

const curves = fc
  .array(
    fc.record({
      gap: fc.integer({ min: 1, max: 50 }),
      y: fc.oneof(fc.double({ min: -1e6, max: 1e6, noNaN: true }), fc.constantFrom(NaN, Infinity)),
    }),
    { minLength: 1, maxLength: 400 },
  )
  .map((points) => {
    let at = 0
    return { x: points.map(({ gap }) => (at += gap)), y: points.map(({ y }) => y) }
  })

describe('decimating', () => {
  it('keeps the lowest and the highest of every pixel column, so a spike is never hidden', () => {
    fc.assert(
      fc.property(curves, fc.integer({ min: 1, max: 20 }), fc.boolean(), ({ x, y }, buckets, isLog) => {
        const [from, to] = [x[0], x[x.length - 1]]
        const kept = decimate(x, y, x.length, { from, to, buckets, isLog })
        const column = (value: number) => {
          const share = isLog ? Math.log(value / from) / Math.log(to / from) : (value - from) / (to - from)
          return Math.min(buckets - 1, Math.max(0, Math.floor(share * buckets)))
        }
        const range = (indices: number[]) => {
          const found = new Map<number, [number, number]>()
          for (const i of indices) {
            if (!Number.isFinite(y[i])) continue
            const [low, high] = found.get(column(x[i])) ?? [Infinity, -Infinity]
            found.set(column(x[i]), [Math.min(low, y[i]), Math.max(high, y[i])])
          }
          return found
        }
        const whole = range(x.map((_, i) => i))
        const left = range(kept)
        // A point that lies on a column's very edge may count to either side of it.
        const spread = (of: Map<number, [number, number]>, at: number) =>
          [at - 1, at, at + 1].flatMap((one) => of.get(one) ?? [])
        for (const [at, [low, high]] of whole) {
          expect(Math.min(...spread(left, at))).toBeLessThanOrEqual(low)
          expect(Math.max(...spread(left, at))).toBeGreaterThanOrEqual(high)
        }
        const all = y.filter(Number.isFinite)
        const drawn = kept.map((i) => y[i]).filter(Number.isFinite)
        expect(Math.max(...drawn, -Infinity)).toBe(Math.max(...all, -Infinity))
        expect(Math.min(...drawn, Infinity)).toBe(Math.min(...all, Infinity))
      }),
    )
  })

  it('keeps order, both ends and every gap, and at most five points a column', () => {
    fc.assert(
      fc.property(curves, fc.integer({ min: 1, max: 20 }), ({ x, y }, buckets) => {
        const kept = decimate(x, y, x.length, { from: x[0], to: x[x.length - 1], buckets })
        expect(kept[0]).toBe(0)
        expect(kept[kept.length - 1]).toBe(x.length - 1)
        for (let i = 1; i < kept.length; i++) expect(kept[i]).toBeGreaterThan(kept[i - 1])
        expect(kept.length).toBeLessThanOrEqual(5 * buckets)
        if (y.some((value) => !Number.isFinite(value))) expect(kept.some((i) => !Number.isFinite(y[i]))).toBe(true)
      }),
    )
  })

  it('is exact when zoomed in: every point of the range, and one neighbour on each side', () => {
    fc.assert(
      fc.property(curves, fc.nat(), fc.nat(), ({ x, y }, a, b) => {
        const [i, j] = [a % x.length, b % x.length].sort((p, q) => p - q)
        const kept = decimate(x, y, x.length, { from: x[i], to: x[j], buckets: 1000 })
        expect(kept).toEqual(
          Array.from({ length: Math.min(x.length, j + 2) - Math.max(0, i - 1) }, (_, k) => Math.max(0, i - 1) + k),
        )
      }),
    )
  })

  it('shows a single spike among a million points, quickly', () => {
    const length = 1_000_000
    const x = Float64Array.from({ length }, (_, i) => i + 1)
    const y = Float64Array.from({ length }, (_, i) => 3 + Math.sin(i / 1000))
    y[765_432] = 1e6
    y[123_456] = -1e6
    const beganMs = performance.now()
    const kept = decimate(x, y, length, { from: 1, to: length, buckets: 1000 })
    expect(performance.now() - beganMs).toBeLessThan(500)
    expect(kept).toContain(765_432)
    expect(kept).toContain(123_456)
    expect(kept.length).toBeLessThanOrEqual(4000)
  })

  it('has nothing to draw of nothing', () => {
    expect(decimate([], [], 0, { from: 0, to: 1, buckets: 10 })).toEqual([])
  })
})
