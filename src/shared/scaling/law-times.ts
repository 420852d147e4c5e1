// A law fitted in nats per token, said in another unit of the loss: all of it times one number.
import type { Interval, ParameterInterval } from './bootstrap.ts'
import type { CurveFit } from './curve.ts'
import type { IsoflopFit } from './isoflop.ts'
import type { Forecast, HeldOut, Law } from './law.ts'

export const intervalTimes = <T extends Interval>(interval: T, factor: number): T => ({
  ...interval,
  low: interval.low * factor,
  high: interval.high * factor,
})

/** The curve whose loss is `factor` times as large everywhere: E becomes E times it, and (C / scale)^exponent too. */
function curveTimes(fit: CurveFit, factor: number): CurveFit {
  const { scale, exponent, offset } = fit.parameters
  return {
    ...fit,
    parameters: { scale: scale * factor ** (-1 / exponent), exponent, offset: offset * factor },
    logCoefficient: fit.logCoefficient + Math.log(factor),
    sse: fit.objective === 'loss' ? fit.sse * factor ** 2 : fit.sse,
  }
}

export const forecastTimes = <T extends Forecast>(forecast: T, factor: number): T => ({
  ...forecast,
  y: forecast.y * factor,
  interval: forecast.interval && intervalTimes(forecast.interval, factor),
})

export const heldOutTimes = (heldOut: HeldOut, factor: number): HeldOut => ({
  ...forecastTimes(heldOut, factor),
  measured: heldOut.measured * factor,
})

const parameterTimes = (one: ParameterInterval, factor: number): ParameterInterval => ({
  ...intervalTimes(one, factor),
  standardError: one.standardError * factor,
})

/** The scale's interval is left out: how far it moves depends on the exponent of each refit. */
export type LawInUnit = Omit<Law, 'intervals'> & { intervals: Omit<NonNullable<Law['intervals']>, 'scale'> | null }

export function lawTimes(law: Law, factor: number): LawInUnit {
  return {
    ...law,
    fit: law.fit && curveTimes(law.fit, factor),
    intervals: law.intervals && {
      exponent: law.intervals.exponent,
      offset: parameterTimes(law.intervals.offset, factor),
    },
    band: law.band.map((point) => ({ ...intervalTimes(point, factor), y: point.y * factor })),
    forecasts: law.forecasts.map((one) => forecastTimes(one, factor)),
    heldOut: law.heldOut.map((one) => heldOutTimes(one, factor)),
  }
}

export const isoflopTimes = (fit: IsoflopFit, factor: number): IsoflopFit => ({
  ...fit,
  profiles: fit.profiles.map((profile) => ({
    ...profile,
    loss: profile.loss * factor,
    curvature: profile.curvature * factor,
  })),
})
