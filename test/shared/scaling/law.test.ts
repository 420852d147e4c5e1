import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createRandom } from '#shared/random.ts'
import { bandAt, bootstrapCurve, fitCurve, forecastAt, intervalOf } from '#shared/scaling/bootstrap.ts'
import { holdOut, lawOf } from '#shared/scaling/law.ts'
import { fitOffsetPowerLaw } from '#shared/scaling/offset-power-law.ts'
import { fitPowerLaw } from '#shared/scaling/power-law.ts'

/** A ladder on a law, each loss off by `noise`. */
function ladder(scale: number, exponent: number, offset: number, count: number, noise = 0, seed = 1) {
  const random = createRandom(seed)
  return Array.from({ length: count }, (_, i) => {
    const x = 1e11 * 5 ** i
    return { x, y: ((x / scale) ** exponent + offset) * Math.exp(noise * random.normal()), name: `m${i}` }
  })
}

describe('a fit', () => {
  it('recovers the offset law that its points lie on', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 12, max: 24, noNaN: true }),
        fc.double({ min: 0.05, max: 0.6, noNaN: true }),
        fc.double({ min: 0.2, max: 2.5, noNaN: true }),
        fc.constantFrom('loss', 'log-loss'),
        (magnitude, b, offset, objective) => {
          const { parameters, status } = fitOffsetPowerLaw(ladder(10 ** magnitude, -b, offset, 6), {
            objective: objective as 'loss',
          })
          expect(parameters.exponent).toBeCloseTo(-b, 4)
          expect(parameters.offset).toBeCloseTo(offset, 3)
          expect(status).not.toBe('bound-hit')
        },
      ),
      { numRuns: 60 },
    )
  })

  it('finds no offset where there is none, and says that it hit the bound', () => {
    const fit = fitOffsetPowerLaw(
      ladder(1e22, -0.08, 0, 6).map((point, i) => ({ ...point, y: point.y * (1 + 0.002 * (i - 2.5) ** 2 * -1) })),
    )
    expect(fit.parameters.offset).toBe(0)
    expect(fit.status).toBe('bound-hit')
  })

  it('is as good a straight line as regression gives, with its errors', () => {
    // y = 3 x^-0.1 times e^(+-0.01): worked out by hand from the normal equations
    const points = [1, 10, 100, 1000].map((x, i) => ({ x, y: 3 * x ** -0.1 * Math.exp(i % 2 ? 0.01 : -0.01) }))
    const fit = fitPowerLaw(points)
    const t = Math.log(10)
    // slope of -1, 1, -1, 1 over 0..3 is 0.4 / ... = 0.02 / 5 a decade
    expect(fit.parameters.exponent).toBeCloseTo(-0.1 + 0.02 / (5 * t), 12)
    expect(fit.sse).toBeCloseTo(4e-4 - 5 * (0.02 / 5) ** 2, 12)
    expect(fit.errors!.slope).toBeCloseTo(Math.sqrt(fit.sse / 2 / (5 * t * t)), 12)
  })

  it('does not care in which unit compute is counted', () => {
    const points = ladder(1e20, -0.1, 1, 7, 0.01)
    const a = fitOffsetPowerLaw(points)
    const b = fitOffsetPowerLaw(points.map(({ x, y }) => ({ x: x / 8.64e19, y })))
    expect(b.parameters.exponent).toBeCloseTo(a.parameters.exponent, 6)
    expect((b.parameters.scale * 8.64e19) / a.parameters.scale).toBeCloseTo(1, 4)
  })

  it('of a rising loss is flat, never a wrong curve', () => {
    const fit = fitOffsetPowerLaw([
      { x: 1, y: 1 },
      { x: 10, y: 2 },
      { x: 100, y: 3 },
      { x: 1000, y: 4 },
    ])
    expect(fit.status).toBe('bound-hit')
    expect(fit.parameters.offset).toBeCloseTo(2.5, 6)
  })
})

describe('uncertainty', () => {
  it('covers the true curve about as often as it says', () => {
    let covered = 0
    let foretold = 0
    const tries = 120
    for (let seed = 0; seed < tries; seed++) {
      const points = ladder(1e18, -0.12, 1.2, 8, 0.005, 1000 + seed)
      const fit = fitCurve(points.slice(0, 7), 'offset-power')
      const bootstrap = bootstrapCurve(fit, points.slice(0, 7), { resamples: 200, seed })
      const truth = (points[7].x / 1e18) ** -0.12 + 1.2
      const band = bandAt(bootstrap, points[7].x)!
      const interval = forecastAt(bootstrap, points[7].x)!
      if (truth >= band.low && truth <= band.high) covered++
      if (points[7].y >= interval.low && points[7].y <= interval.high) foretold++
    }
    expect(covered / tries).toBeGreaterThan(0.85)
    expect(foretold / tries).toBeGreaterThan(0.85)
    expect(covered / tries).toBeLessThan(1)
  })

  it('is the same for the same seed', () => {
    const points = ladder(1e18, -0.12, 1.2, 6, 0.01)
    const fit = fitOffsetPowerLaw(points)
    expect(bootstrapCurve(fit, points, { resamples: 50 }).parameters).toEqual(
      bootstrapCurve(fit, points, { resamples: 50 }).parameters,
    )
    expect(bootstrapCurve(fit, points, { resamples: 50, seed: 2 }).parameters).not.toEqual(
      bootstrapCurve(fit, points, { resamples: 50 }).parameters,
    )
  })

  it('is absent where nothing is left to judge by', () => {
    const points = ladder(1e18, -0.12, 1.2, 3)
    expect(bootstrapCurve(fitOffsetPowerLaw(points), points).parameters).toBeNull()
  })

  it('takes percentiles between order statistics', () => {
    expect(intervalOf([4, 1, 3, 2, 5], 0.5)).toMatchObject({ low: 2, high: 4 })
    expect(intervalOf([1, 2], 0.5).low).toBeCloseTo(1.25, 12)
  })
})

describe('the law of a study', () => {
  it('has a fit, a band beyond its points, a forecast and the error it would have made', () => {
    const points = ladder(1e16, -0.1, 1.5, 6, 0.002)
    const law = lawOf(points.slice(0, 5), { forecastAt: [points[5].x] })
    expect(law.problem).toBeNull()
    expect(law.fit!.form).toBe('offset-power')
    expect(law.band[0].x / points[0].x).toBeCloseTo(1, 9)
    expect(law.band[law.band.length - 1].x / points[4].x).toBeCloseTo(10, 6)
    for (const { y, low, high } of law.band) expect(low <= y * 1.01 && y <= high * 1.01).toBe(true)
    expect(law.forecasts[0].y / points[5].y).toBeCloseTo(1, 1)
    expect(law.heldOut.map((one) => one.name)).toEqual(['m4', 'm4', 'm4'])
    expect(law.heldOut[0].error).toBeCloseTo(law.heldOut[0].y / points[4].y - 1, 12)
  })

  it('is a straight line until there are four sizes, and says what is missing below two', () => {
    const points = ladder(1e16, -0.1, 1.5, 5)
    expect(lawOf(points.slice(0, 2)).fit!.form).toBe('power')
    expect(lawOf(points.slice(0, 3)).fit!.form).toBe('power')
    expect(lawOf(points.slice(0, 4)).fit!.form).toBe('offset-power')
    expect(lawOf([]).problem).toBe('A power law has 2 parameters; 0 points so far.')
    expect(lawOf(points.slice(0, 1)).problem).toBe('A power law has 2 parameters; 1 point so far.')
    expect(lawOf(points.slice(0, 2), { form: 'offset-power' })).toMatchObject({
      fit: null,
      problem: 'A power law + constant has 3 parameters; 2 points so far.',
    })
  })

  it('tells nothing about a largest point it cannot leave out', () => {
    expect(holdOut(ladder(1e16, -0.1, 1.5, 2), 1)).toBeNull()
    const points = ladder(1e16, -0.1, 1.5, 3)
    expect(holdOut(points, 1)!.form).toBe('power')
    expect(holdOut([points[0], points[2], { ...points[2], y: 2 }], 1)).toBeNull() // its twin would be left in
  })
})

describe('repeats with other seeds', () => {
  const at = (x: number) => 3 * (x / 1e12) ** -0.08
  const repeated = [1e11, 1e12, 1e13].flatMap((x) => [0.99, 1.01].map((off) => ({ x, y: at(x) * off })))
  it('are left out together when the largest is foretold, and measured by their mean', () => {
    const held = holdOut(repeated, 1, { form: 'power' })!
    expect(held.measured).toBeCloseTo(at(1e13), 9)
    expect(Math.abs(held.error)).toBeLessThan(1e-3)
    expect(holdOut(repeated, 2)).toBeNull()
  })
})
