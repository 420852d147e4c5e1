// How sure a fit is: refits of data that might have been, and the percentiles of what they say.
import { createRandom, type Random } from '../random.ts'
import {
  type CurveFit,
  type CurveForm,
  type CurveObjective,
  evaluateCurve,
  parameterCounts,
  standardDeviation,
} from './curve.ts'
import { fitOffsetPowerLaw } from './offset-power-law.ts'
import { inOrder, type LawPoint, type SurfacePoint, whyUndetermined } from './points.ts'
import { fitPowerLaw } from './power-law.ts'
import { type Surface, surfaceColumns } from './surface.ts'
import { logsOfSurface, refitSurfaceHuber, surfaceFromLogs } from './surface-huber.ts'
import { fitSurfaceColumns } from './surface-least-squares.ts'

export interface Interval {
  low: number
  high: number
}

/** A parameter's standard error and its percentile interval over the refits. */
export interface ParameterInterval extends Interval {
  standardError: number
}

export interface BootstrapOptions {
  resamples: number
  seed: number
  /** 0.95 for the 2.5th to the 97.5th percentile. */
  confidence: number
}

export const usualBootstrap: BootstrapOptions = { resamples: 400, seed: 0, confidence: 0.95 }

/** Fits one form of curve. */
export const fitCurve = (
  points: readonly LawPoint[],
  form: CurveForm,
  objective: CurveObjective = 'loss',
  nearExponent?: number,
): CurveFit => (form === 'power' ? fitPowerLaw(points) : fitOffsetPowerLaw(points, { objective, nearExponent }))

export interface CurveBootstrap {
  /** null where as many points as parameters leave no residual to learn the noise from. */
  parameters: Record<'scale' | 'exponent' | 'offset', ParameterInterval> | null
  fits: CurveFit[]
  /** Relative noise of one training, standard deviation, degrees of freedom counted. */
  noise: number
  options: BootstrapOptions
}

/**
 * Parametric bootstrap of a curve: law times (1 + noise), refitted. A ladder has few points, so drawing them with
 * replacement would leave
 * too few different ones; and its noise is itself uncertain, so each refit draws it anew (chi squared with n - p
 * degrees of freedom).
 */
export function bootstrapCurve(
  fit: CurveFit,
  points: readonly LawPoint[],
  wanted: Partial<BootstrapOptions> = {},
): CurveBootstrap {
  const options = { ...usualBootstrap, ...wanted }
  const freedom = points.length - parameterCounts[fit.form]
  if (freedom < 1) return { parameters: null, fits: [], noise: 0, options }
  const random = createRandom(options.seed)
  const expected = points.map(({ x }) => evaluateCurve(fit, x))
  const squares = points.reduce((sum, { y }, i) => sum + (y / expected[i] - 1) ** 2, 0)
  const noise = Math.sqrt(squares / freedom)
  const fits: CurveFit[] = []
  for (let i = 0; i < options.resamples; i++) {
    const drawn = noise * Math.sqrt(freedom / chiSquared(random, freedom))
    const resampled = points.map(({ x }, k) => ({ x, y: expected[k] * Math.exp(drawn * random.normal()) }))
    fits.push(fitCurve(resampled, fit.form, fit.objective, fit.parameters.exponent))
  }
  const of = (name: 'scale' | 'exponent' | 'offset') =>
    intervalOf(
      fits.map((one) => one.parameters[name]),
      options.confidence,
    )
  return { parameters: { scale: of('scale'), exponent: of('exponent'), offset: of('offset') }, fits, noise, options }
}

/** Where the law lies at x: percentiles over the refits. null without refits. */
export function bandAt(bootstrap: CurveBootstrap, x: number): Interval | null {
  if (bootstrap.fits.length === 0) return null
  const { low, high } = intervalOf(
    bootstrap.fits.map((fit) => evaluateCurve(fit, x)),
    bootstrap.options.confidence,
  )
  return { low, high }
}

/** Where one more training at x would land: the law's spread and the training's own noise. */
export function forecastAt(bootstrap: CurveBootstrap, x: number): Interval | null {
  if (bootstrap.fits.length === 0) return null
  const random = createRandom(bootstrap.options.seed + 1)
  const landed = bootstrap.fits.map((fit) => evaluateCurve(fit, x) * Math.exp(bootstrap.noise * random.normal()))
  const { low, high } = intervalOf(landed, bootstrap.options.confidence)
  return { low, high }
}

export interface SurfaceBootstrap {
  /** null where most draws determine no surface: what is left over says nothing of how sure the fit is. */
  intervals: Record<keyof Surface | 'sizeExponent', ParameterInterval> | null
  /** The refits that the intervals are of. */
  surfaces: Surface[]
  /** Draws that were left out: too few different sizes or amounts of tokens, or constants without a bound. */
  undetermined: number
  options: BootstrapOptions
}

/**
 * Runs drawn with replacement, each refit started at the full data's optimum; the percentiles of 4,000 take some
 * seconds. A draw that determines no surface is left out and counted.
 */
export function bootstrapSurface(
  form: 'surface' | 'surface-huber',
  full: Surface,
  given: readonly SurfacePoint[],
  wanted: Partial<BootstrapOptions> = {},
): SurfaceBootstrap {
  const points = inOrder(given)
  const options = { ...usualBootstrap, ...wanted }
  const random = createRandom(options.seed)
  const columns = surfaceColumns(points)
  const start = logsOfSurface(full)
  const counts = new Float64Array(points.length)
  const surfaces: Surface[] = []
  for (let i = 0; i < options.resamples; i++) {
    counts.fill(0)
    for (let k = 0; k < points.length; k++) counts[random.integer(points.length)]++
    if (whyUndetermined(points.filter((_, k) => counts[k] > 0)) !== null) continue
    const surface =
      form === 'surface'
        ? fitSurfaceColumns(columns, counts, full)
        : surfaceFromLogs(refitSurfaceHuber(columns, start, counts).x)
    const { E, A, B, alpha, beta } = surface
    if ([E, A, B, alpha, beta].every(Number.isFinite)) surfaces.push(surface)
  }
  const undetermined = options.resamples - surfaces.length
  if (undetermined > options.resamples / 2) return { intervals: null, surfaces: [], undetermined, options }
  const of = (read: (surface: Surface) => number) => intervalOf(surfaces.map(read), options.confidence)
  return {
    intervals: {
      E: of((s) => s.E),
      A: of((s) => s.A),
      B: of((s) => s.B),
      alpha: of((s) => s.alpha),
      beta: of((s) => s.beta),
      // How the best size grows with compute.
      sizeExponent: of((s) => s.beta / (s.alpha + s.beta)),
    },
    surfaces,
    undetermined,
    options,
  }
}

/** Standard deviation and percentiles, interpolated between order statistics. */
export function intervalOf(values: readonly number[], confidence: number): ParameterInterval {
  const sorted = Float64Array.from(values).sort()
  const at = (share: number): number => {
    const place = share * (sorted.length - 1)
    const below = Math.floor(place)
    const above = Math.min(below + 1, sorted.length - 1)
    return sorted[below] + (place - below) * (sorted[above] - sorted[below])
  }
  return { standardError: standardDeviation(sorted), low: at((1 - confidence) / 2), high: at((1 + confidence) / 2) }
}

function chiSquared(random: Random, freedom: number): number {
  let sum = 0
  for (let i = 0; i < freedom; i++) sum += random.normal() ** 2
  // One degree of freedom now and then draws next to nothing, and so a noise without bounds: at most ten times the
  // estimate.
  return Math.max(sum, freedom / 100)
}
