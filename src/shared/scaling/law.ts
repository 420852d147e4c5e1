// The law of a study in one record: the fit, its band, its forecasts, and how well it would have predicted its own
// largest member.
import { Fault } from '../fault.ts'
import {
  bandAt,
  bootstrapCurve,
  type CurveBootstrap,
  fitCurve,
  forecastAt,
  type Interval,
  usualBootstrap,
} from './bootstrap.ts'
import { type CurveFit, type CurveForm, type CurveObjective, evaluateCurve, parameterCounts } from './curve.ts'
import { checkPoints, type LawPoint } from './points.ts'
import { type LawWarning, lawWarnings } from './warnings.ts'

export interface LawOptions {
  /** `auto`: power law + constant from four different sizes on, a straight line below. */
  form: CurveForm | 'auto'
  objective: CurveObjective
  resamples: number
  seed: number
  confidence: number
  /** Compute at which further losses are predicted. */
  forecastAt: number[]
  /** The band reaches from the smallest point to this many times the largest. */
  reach: number
}

const usualLaw: LawOptions = { form: 'auto', objective: 'loss', ...usualBootstrap, forecastAt: [], reach: 10 }

export interface BandPoint extends Interval {
  x: number
  /** The law itself. */
  y: number
}

export interface Forecast {
  x: number
  y: number
  /** Where one training would land; null where nothing is left to learn the noise from. */
  interval: Interval | null
}

/** A law fitted without the largest point, and what it predicted for it. */
export interface HeldOut extends Forecast {
  name: string | null
  measured: number
  /** predicted / measured - 1: above 0 the training did better than predicted. */
  error: number
  /** Whether the measured loss lies in the interval; null without one. */
  isInside: boolean | null
  form: CurveForm
}

export interface Law {
  fit: CurveFit | null
  /** Why there is no fit, for people; null when there is one. */
  problem: string | null
  intervals: CurveBootstrap['parameters']
  noise: number
  band: BandPoint[]
  forecasts: Forecast[]
  /** Leaving out the largest 1, 2 and 3 points, as far as enough remain; the first is the one to show. */
  heldOut: HeldOut[]
  /** What a statistician would say of it. */
  warnings: LawWarning[]
}

const formFor = (form: LawOptions['form'], points: readonly LawPoint[]): CurveForm =>
  form !== 'auto' ? form : new Set(points.map(({ x }) => x)).size >= 4 ? 'offset-power' : 'power'

/** Everything the law page shows. Points no law can be fitted to give a sentence in `problem`; nothing throws. */
export function lawOf(points: readonly LawPoint[], wanted: Partial<LawOptions> = {}): Law {
  const options = { ...usualLaw, ...wanted }
  const form = formFor(options.form, points)
  try {
    checkPoints(points, formNames[form], parameterCounts[form])
  } catch (error) {
    if (!(error instanceof Fault)) throw error
    return {
      fit: null,
      problem: error.message,
      intervals: null,
      noise: 0,
      band: [],
      forecasts: [],
      heldOut: [],
      warnings: [],
    }
  }
  const fit = fitCurve(points, form, options.objective)
  const bootstrap = bootstrapCurve(fit, points, options)
  return {
    fit,
    problem: null,
    intervals: bootstrap.parameters,
    noise: bootstrap.noise,
    band: bandOf(fit, bootstrap, points, options.reach),
    forecasts: options.forecastAt.map((x) => ({ x, y: evaluateCurve(fit, x), interval: forecastAt(bootstrap, x) })),
    heldOut: [1, 2, 3].map((count) => holdOut(points, count, options)).filter((one): one is HeldOut => one !== null),
    warnings: lawWarnings(points, fit, bootstrap, options.forecastAt),
  }
}

/** How a form is called in a sentence. */
export const formNames: Record<CurveForm, string> = { power: 'power law', 'offset-power': 'power law + constant' }

/**
 * Fits without the `count` largest amounts of compute and predicts the very largest, for repeats their mean; null
 * where too few remain for the smallest form.
 */
export function holdOut(points: readonly LawPoint[], count: number, wanted: Partial<LawOptions> = {}): HeldOut | null {
  const options = { ...usualLaw, ...wanted }
  const xs = [...new Set(points.map(({ x }) => x))].sort((a, b) => a - b)
  const rest = points.filter(({ x }) => xs.indexOf(x) < xs.length - count).sort((a, b) => a.x - b.x)
  const ends = points.filter(({ x }) => x === xs[xs.length - 1])
  const largest = ends.length ? { ...ends[0], y: ends.reduce((sum, { y }) => sum + y, 0) / ends.length } : null
  const distinct = new Set(rest.map(({ x }) => x)).size
  const asked = options.form === 'auto' ? 'auto' : distinct >= parameterCounts[options.form] ? options.form : 'auto'
  if (!largest || distinct < 2) return null
  const form = formFor(asked, rest)
  const fit = fitCurve(rest, form, options.objective)
  const y = evaluateCurve(fit, largest.x)
  const interval = forecastAt(bootstrapCurve(fit, rest, options), largest.x)
  return {
    name: largest.name ?? null,
    x: largest.x,
    y,
    interval,
    measured: largest.y,
    error: y / largest.y - 1,
    isInside: interval ? largest.y >= interval.low && largest.y <= interval.high : null,
    form,
  }
}

function bandOf(fit: CurveFit, bootstrap: CurveBootstrap, points: readonly LawPoint[], reach: number): BandPoint[] {
  const xs = points.map(({ x }) => Math.log(x))
  const [from, to] = [Math.min(...xs), Math.max(...xs) + Math.log(Math.max(1, reach))]
  const count = 60
  return Array.from({ length: count + 1 }, (_, i) => {
    const x = Math.exp(from + (i / count) * (to - from))
    const y = evaluateCurve(fit, x)
    return { x, y, ...(bandAt(bootstrap, x) ?? { low: y, high: y }) }
  })
}
