import { describe, expect, it } from 'vitest'
import { evaluateCurve } from '#shared/scaling/curve.ts'
import { fitIsoflops } from '#shared/scaling/isoflop.ts'
import { lawOf } from '#shared/scaling/law.ts'
import { isoflopTimes, lawTimes } from '#shared/scaling/law-times.ts'

const factor = 1 / (Math.LN2 * 2.7)
const noise = [1, 1.002, 0.999, 1.001, 0.998, 1]
const points = noise.map((one, i) => ({ x: 1e12 * 2 ** i, y: one * (1.7 + (2 ** i * 3) ** -0.31), name: `d${i}` }))
const times = (all: typeof points) => all.map(({ x, y, name }) => ({ x, y: y * factor, name }))

describe.each(['power', 'offset-power'] as const)('a %s law in bits per byte', (form) => {
  const options = { form, forecastAt: [1e15] }
  const inNats = lawOf(points, options)
  const drawn = lawTimes(inNats, factor)
  const refitted = lawOf(times(points), options)

  it('is the law of the losses in bits per byte', () => {
    const { scale, exponent, offset } = refitted.fit!.parameters
    expect(drawn.fit!.parameters.exponent).toBeCloseTo(exponent, 5)
    expect(drawn.fit!.parameters.offset).toBeCloseTo(offset, 5)
    expect(Math.log(drawn.fit!.parameters.scale)).toBeCloseTo(Math.log(scale), 3)
    expect(drawn.fit!.sse).toBeCloseTo(refitted.fit!.sse, 8)
  })

  it('is everywhere the same number of times as high, in its band, forecasts and held-out error', () => {
    for (const x of [1e12, 3e13, 1e16])
      expect(evaluateCurve(drawn.fit!, x) / evaluateCurve(inNats.fit!, x)).toBeCloseTo(factor, 12)
    expect(drawn.band[60].high / inNats.band[60].high).toBeCloseTo(factor, 12)
    expect(drawn.band[60].y).toBeCloseTo(evaluateCurve(drawn.fit!, drawn.band[60].x), 12)
    expect(drawn.forecasts[0].interval!.low / inNats.forecasts[0].interval!.low).toBeCloseTo(factor, 12)
    expect(drawn.intervals!.offset.high).toBeCloseTo(inNats.intervals!.offset.high * factor, 12)
    const [mine, theirs] = [drawn.heldOut[0], inNats.heldOut[0]]
    expect(mine.measured).toBeCloseTo(points[5].y * factor, 12)
    expect(mine.y / mine.measured - 1).toBeCloseTo(theirs.error, 12)
    expect(mine.error).toBe(theirs.error)
  })
})

it('an IsoFLOP parabola in bits per byte goes through the same sizes at the losses in bits per byte', () => {
  const grid = [1e6, 2e6, 4e6, 8e6].map((parameters) => ({
    budget: 1e14,
    parameters,
    loss: 3 + Math.log10(parameters / 2.5e6) ** 2,
  }))
  const [profile] = isoflopTimes(fitIsoflops(grid), factor).profiles
  const [refitted] = fitIsoflops(grid.map((one) => ({ ...one, loss: one.loss * factor }))).profiles
  expect(profile.parameters).toBeCloseTo(refitted.parameters, 3)
  expect(profile.loss).toBeCloseTo(3 * factor, 10)
  expect(profile.curvature).toBeCloseTo(refitted.curvature, 10)
})
