// What a statistician would say before anybody stakes a budget on a law: sentences for people, the same in every door.
import { plural, withDecimals } from '../numbers.ts'
import { type CurveBootstrap, fitCurve } from './bootstrap.ts'
import { type CurveFit, evaluateCurve, parameterCounts, relativeResiduals } from './curve.ts'
import type { LawPoint, SurfacePoint } from './points.ts'
import { fitLine } from './power-law.ts'
import { studentTails } from './student.ts'

export type LawWarningKind =
  | 'rises'
  | 'no-trend'
  | 'narrow-range'
  | 'far-forecast'
  | 'outlier'
  | 'duplicates'
  | 'at-bound'

export interface LawWarning {
  kind: LawWarningKind
  /** The forecast or the law should not be acted on. */
  isStrong: boolean
  text: string
  /** outlier: the place of the point among those fitted. */
  point?: number
}

/** Chance to call a trend what is noise. */
const trendAlarm = 0.05
/** Chance to name a point of a set in which none disagrees. */
const outlierAlarm = 0.01
const leastRange = 4
const farReach = { far: 10, veryFar: 100 } as const

/** What a surface's points and a budget, counted as 6 N D, give reason to say. */
export function surfaceWarnings(points: readonly SurfacePoint[], forecastAt: readonly number[] = []): LawWarning[] {
  const spent = points.map(({ parameters, tokens, loss }) => ({ x: 6 * parameters * tokens, y: loss }))
  return [...rangeWarning(spent), ...reachWarning(spent, forecastAt), ...duplicateWarning(spent)]
}

/** All that there is to warn of; `forecastAt` are the amounts of compute that are asked about. */
export function lawWarnings(
  points: readonly LawPoint[],
  fit: CurveFit,
  bootstrap: CurveBootstrap | null,
  forecastAt: readonly number[] = [],
): LawWarning[] {
  return [
    ...trendWarning(points),
    ...risingWarning(fit, points),
    ...rangeWarning(points),
    ...reachWarning(points, forecastAt),
    ...outlierWarning(points, fit),
    ...duplicateWarning(points),
    ...boundWarning(fit, bootstrap),
  ]
}

const warning = (kind: LawWarningKind, text: string, isStrong = false): LawWarning => ({ kind, isStrong, text })

/** log L against log C by a straight line, and the chance that noise alone gave it its slope; null of two points. */
function trendOf(points: readonly LawPoint[]): { slope: number; chance: number } | null {
  if (points.length < 3) return null
  const { slope, slopeError } = fitLine(
    points.map(({ x }) => Math.log(x)),
    points.map(({ y }) => Math.log(y)),
  )
  return { slope, chance: slopeError > 0 ? studentTails(slope / slopeError, points.length - 2) : 0 }
}

/** A law with a constant cannot rise, so where it was fitted the straight line says it. */
function risingWarning({ parameters }: CurveFit, points: readonly LawPoint[]): LawWarning[] {
  const trend = trendOf(points)
  const exponent = Math.max(parameters.exponent, trend && trend.chance < trendAlarm ? trend.slope : 0)
  return exponent <= 0
    ? []
    : [
        warning(
          'rises',
          `The loss rises with compute (exponent +${withDecimals(exponent, 4)}): more compute made it worse. Look for runs that diverged or were cut off, or a learning rate too high for the larger ones; plan nothing by it.`,
          true,
        ),
      ]
}

function trendWarning(points: readonly LawPoint[]): LawWarning[] {
  const trend = trendOf(points)
  return trend === null || trend.chance < trendAlarm // one that rises beyond its noise has a warning of its own
    ? []
    : [
        warning(
          'no-trend',
          `The losses do not fall beyond their noise (chance ${withDecimals(trend.chance, 2)}): this is no trend yet.`,
          true,
        ),
      ]
}

function rangeWarning(points: readonly LawPoint[]): LawWarning[] {
  const range = largest(points) / Math.min(...points.map(({ x }) => x))
  return range >= leastRange
    ? []
    : [
        warning(
          'narrow-range',
          `The points span a factor of ${withDecimals(range, 1)}; below ${leastRange} a law says little.`,
        ),
      ]
}

/** Whether a forecast goes far beyond the data. */
export function reachWarning(points: readonly LawPoint[], forecastAt: readonly number[]): LawWarning[] {
  const times = Math.max(0, ...forecastAt) / largest(points)
  if (times <= farReach.far) return []
  const reach = `The forecast reaches ${Math.round(times)} times beyond the largest point`
  return times > farReach.veryFar
    ? [
        warning(
          'far-forecast',
          `${reach}: no interval covers what may change on the way. Train a larger member first.`,
          true,
        ),
      ]
    : [warning('far-forecast', `${reach}; beyond ${farReach.far} the form of the law matters more than its noise.`)]
}

/** The point that disagrees most, where its chance is small among so many. */
function disagreeing(points: readonly LawPoint[], fit: CurveFit): { index: number; fit: CurveFit } | null {
  const freedom = points.length - parameterCounts[fit.form] - 1
  if (freedom < 1) return null
  const squares = (of: CurveFit, all: readonly LawPoint[]) =>
    relativeResiduals(of, all).reduce((sum, one) => sum + one * one, 0)
  const total = squares(fit, points)
  let worst: { index: number; fit: CurveFit; left: number } | null = null
  for (const index of points.keys()) {
    const rest = points.filter((_, i) => i !== index)
    if (new Set(rest.map(({ x }) => x)).size < parameterCounts[fit.form]) continue
    const without = fitCurve(rest, fit.form, fit.objective)
    const left = squares(without, rest)
    if (!worst || left < worst.left) worst = { index, fit: without, left }
  }
  if (!worst || worst.left <= 0) return null
  // Deleted residual: exact for a straight line, whatever the point's leverage.
  const t = Math.sqrt((Math.max(0, total - worst.left) * freedom) / worst.left)
  return studentTails(t, freedom) * points.length < outlierAlarm ? { index: worst.index, fit: worst.fit } : null
}

function outlierWarning(points: readonly LawPoint[], fit: CurveFit): LawWarning[] {
  const found = disagreeing(points, fit)
  if (!found) return []
  const { x, y, name } = points[found.index]
  const expected = evaluateCurve(found.fit, x)
  const off = `${withDecimals(100 * Math.abs(y / expected - 1), 1)} % ${y > expected ? 'above' : 'below'}`
  const text = `${name ?? `Point ${found.index + 1}`} disagrees with the others: it lies ${off} their law, whose exponent is ${withDecimals(found.fit.parameters.exponent, 4)} without it and ${withDecimals(fit.parameters.exponent, 4)} with it.`
  return [{ ...warning('outlier', text), point: found.index }]
}

/**
 * The points without those that disagree, found one after the other, at most one in four: least squares through them is
 * the robust fit.
 */
export function agreeing(points: readonly LawPoint[], fit: CurveFit): LawPoint[] {
  let [kept, through] = [[...points], fit]
  for (let out = 0; out < Math.floor(points.length / 4); out++) {
    const found = disagreeing(kept, through)
    if (!found) break
    kept = kept.filter((_, i) => i !== found.index)
    through = found.fit
  }
  return kept
}

function duplicateWarning(points: readonly LawPoint[]): LawWarning[] {
  const seen = new Map<string, number>()
  for (const { x, y } of points) seen.set(`${x} ${y}`, (seen.get(`${x} ${y}`) ?? 0) + 1)
  const twice = points.length - seen.size
  return twice === 0
    ? []
    : [
        warning(
          'duplicates',
          `${plural(twice, 'point')} with the compute and the loss of another: a copy is no second observation, and makes the law look surer than it is.`,
        ),
      ]
}

function boundWarning(fit: CurveFit, bootstrap: CurveBootstrap | null): LawWarning[] {
  if (fit.form !== 'offset-power' || !bootstrap?.parameters) return []
  const { low, high } = bootstrap.parameters.offset
  return low > 0
    ? []
    : [
        warning(
          'at-bound',
          high > 0
            ? 'The interval of the constant ends at its bound, 0: these points do not say whether the loss has a floor.'
            : 'The constant lies at its bound, 0: these points show no floor.',
        ),
      ]
}

const largest = (points: readonly LawPoint[]): number => Math.max(...points.map(({ x }) => x))
