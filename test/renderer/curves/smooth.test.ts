// Smoothing that is carried on as a curve grows gives what smoothing the whole gives.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { appendAt, appendSteps, createCurve, lastStep, nearest, type Curve } from '#renderer/curves/curve.ts'
import { reachOf, smooth, speeds } from '#renderer/curves/smooth.ts'

const record = (step: number, loss: number) => ({
  step,
  tokens: step * 64,
  loss,
  gradientNorm: 1,
  learningRate: 1e-3,
  elapsedMs: step * 20,
})
const curveOf = (losses: number[]): Curve => {
  const curve = createCurve(4)
  appendSteps(
    curve,
    losses.map((loss, i) => record(i + 1, loss)),
  )
  return curve
}
const smoothed = (curve: Curve, reach: number) =>
  Array.from(smooth(curve, 'loss', curve.columns.loss, reach)).slice(0, curve.length)

describe('smoothing', () => {
  it('leaves a straight line straight but for its calm end', () => {
    const line = Array.from({ length: 60 }, (_, i) => 10 - i / 10)
    const means = smoothed(curveOf(line), 4)
    for (let i = 0; i < 52; i++) expect(means[i]).toBeCloseTo(line[i], 9)
  })

  it('begins where the curve begins, and stays within what was measured', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0, max: 10, noNaN: true }), { minLength: 1, maxLength: 200 }),
        fc.integer({ min: 1, max: 40 }),
        (losses, reach) => {
          const means = smoothed(curveOf(losses), reach)
          expect(means[0]).toBeCloseTo(losses[0], 9)
          for (const mean of means) {
            expect(mean).toBeGreaterThanOrEqual(Math.min(...losses) - 1e-9)
            expect(mean).toBeLessThanOrEqual(Math.max(...losses) + 1e-9)
          }
        },
      ),
    )
  })

  it('grows with the curve: in pieces as at once', () => {
    fc.assert(
      fc.property(
        fc.array(fc.array(fc.oneof(fc.double({ min: 0, max: 10, noNaN: true }), fc.constant(NaN)), { maxLength: 40 }), {
          maxLength: 8,
        }),
        fc.integer({ min: 1, max: 20 }),
        (pieces, reach) => {
          const growing = createCurve(4)
          let step = 0
          for (const piece of pieces) {
            appendSteps(
              growing,
              piece.map((loss) => record(++step, loss)),
            )
            smoothed(growing, reach)
          }
          const whole = curveOf(pieces.flat())
          const [a, b] = [smoothed(growing, reach), smoothed(whole, reach)]
          expect(a.length).toBe(b.length)
          a.forEach((value, i) => (Number.isNaN(b[i]) ? expect(value).toBeNaN() : expect(value).toBeCloseTo(b[i], 9)))
        },
      ),
    )
  })

  it('passes over what is not a number', () => {
    const means = smoothed(curveOf([2, 2, NaN, 2, 2, 2]), 1)
    expect(means[3]).toBeCloseTo(2)
  })

  it('reaches as far as the curve is long, in powers of two', () => {
    expect(reachOf({ records: 1000 }, 0.008)).toBe(8)
    expect(reachOf({ records: 1100 }, 0.008)).toBe(8)
    expect(reachOf({ records: 1000 }, 0)).toBe(0)
    expect(reachOf({ records: 3 }, 0.008)).toBe(1)
  })

  it('knows the speed of every step', () => {
    expect(Array.from(speeds(curveOf([3, 2, 1]))).slice(0, 3)).toEqual([3200, 3200, 3200])
  })
})

describe('a curve', () => {
  it('takes records twice without harm, and keeps them in order', () => {
    const curve = createCurve(2)
    appendSteps(curve, [record(1, 3), record(2, 2)])
    appendSteps(curve, [record(2, 2), record(3, 1)])
    expect(curve.length).toBe(3)
    expect(lastStep(curve)).toBe(3)
    expect(
      appendAt(
        [{ step: 5, loss: 1 }],
        [
          { step: 2, loss: 2 },
          { step: 5, loss: 0 },
        ],
      ),
    ).toEqual([
      { step: 2, loss: 2 },
      { step: 5, loss: 0 },
    ])
  })

  it('finds the nearest step', () => {
    expect(nearest([1, 4, 9], 3, 5)).toBe(1)
    expect(nearest([1, 4, 9], 3, 100)).toBe(2)
    expect(nearest([1, 4, 9], 3, -1)).toBe(0)
    expect(nearest([], 0, 1)).toBe(-1)
  })
})
