import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { StepRecord } from '#shared/run.ts'
import { evenParts, mostCurveRows, rowEnd, rowOf, thinned, widestOf, widthAt, type CurveRow } from '#shared/thinning.ts'

const number = fc.double({ min: -100, max: 100, noNaN: true })
const stepsFrom = (values: { loss: number; gradientNorm: number; learningRate: number }[]): StepRecord[] =>
  values.map((value, i) => ({ step: i + 1, tokens: 512 * (i + 1), elapsedMs: 20.5 * (i + 1), ...value }))
const recorded = fc
  .array(fc.record({ loss: number, gradientNorm: number, learningRate: number }), { minLength: 1, maxLength: 1500 })
  .map(stepsFrom)
const width = fc.integer({ min: 0, max: 7 }).map((power) => 2 ** power)
const sum = (values: number[]): number => values.reduce((all, one) => all + one, 0)

describe('a thinned curve', () => {
  test('keeps every step in one row, the lowest and highest of each, and the mean of all', () => {
    fc.assert(
      fc.property(recorded, width, (steps, widest) => {
        const rows = thinned(steps.map(rowOf), widest)
        expect(sum(rows.map(({ count }) => count))).toBe(steps.length)
        let at = 0
        for (const row of rows) {
          const held = steps.slice(at, (at += row.count))
          expect(row.count).toBeLessThanOrEqual(widthAt(row.step, widest))
          expect(row).toMatchObject({ step: held[held.length - 1].step, tokens: held[held.length - 1].tokens })
          for (const [name, low, high] of [
            ['loss', 'lossLow', 'lossHigh'],
            ['gradientNorm', 'gradientNormLow', 'gradientNormHigh'],
          ] as const) {
            const values = held.map((one) => one[name])
            expect(row[low]).toBe(Math.min(...values))
            expect(row[high]).toBe(Math.max(...values))
            expect(row[name]).toBeCloseTo(sum(values) / values.length, 9)
          }
        }
      }),
      { numRuns: 60 },
    )
  })

  test('is the same whether it is thinned at once, by and by, or in pieces that are joined', () => {
    fc.assert(
      fc.property(recorded, width, width, fc.nat(1500), (steps, one, other, cut) => {
        const [fine, coarse] = [Math.min(one, other), Math.max(one, other)]
        const rows = steps.map(rowOf)
        const atOnce = thinned(rows, coarse)
        const pieces = [...thinned(rows.slice(0, cut), fine), ...rows.slice(cut)]
        same(thinned(thinned(rows, fine), coarse), atOnce)
        same(thinned(pieces, coarse), atOnce)
      }),
      { numRuns: 60 },
    )
  })

  test('has at most some three thousand rows, and up to 2,048 steps every one', () => {
    for (const steps of [1, 300, 2048]) expect(widestOf(steps)).toBe(1)
    for (const steps of [2049, 20_000, 1_000_000, 50_000_000]) {
      const widest = widestOf(steps)
      const rows = sum(
        evenParts({ afterStep: 0, upToStep: steps, widest }).map(({ after, upTo, width: w }) => (upTo - after) / w),
      )
      expect(rows).toBeLessThan(2 * mostCurveRows)
      expect(rows).toBeGreaterThan(mostCurveRows / 2)
    }
  })

  test('is cut into parts of one width, whose rows end where any other thinning ends them', () => {
    fc.assert(
      fc.property(fc.nat(5000), fc.integer({ min: 1, max: 5000 }), width, (afterStep, more, widest) => {
        const parts = evenParts({ afterStep, upToStep: afterStep + more, widest })
        expect(parts[0].after).toBe(afterStep)
        expect(parts[parts.length - 1].upTo).toBe(afterStep + more)
        for (const [i, { after, upTo, width: w }] of parts.entries()) {
          if (i > 0) expect(after).toBe(parts[i - 1].upTo)
          for (let step = after + 1; step <= upTo; step++) {
            expect(widthAt(step, widest)).toBe(w)
            expect(rowEnd(step, widest)).toBe((Math.floor((step - 1) / w) + 1) * w)
          }
        }
      }),
      { numRuns: 40 },
    )
  })
})

function same(actual: CurveRow[], wanted: CurveRow[]): void {
  expect(actual.map(({ step, count }) => [step, count])).toEqual(wanted.map(({ step, count }) => [step, count]))
  for (const [i, row] of actual.entries())
    for (const [name, value] of Object.entries(row)) expect(value).toBeCloseTo(wanted[i][name as keyof CurveRow], 9)
}
