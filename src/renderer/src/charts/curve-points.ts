// The points of a training curve as they are drawn: inside the view, thinned to its pixels, as positions on the axes.
// Worked out once for a curve that does not change.
import type { Curve } from '../curves/curve.ts'
import { decimate } from '../curves/decimate.ts'
import { reachOf, smooth } from '../curves/smooth.ts'
import { factorOf, smoothable, spanOf, xOf, yOf, type CurveLine } from './curve-quantities.ts'
import type { CurvesPlan } from './curves-plan.ts'
import { position, type Range } from './scale.ts'

/**
 * Positions x, y, x, y …; `low` and `high` are those of y inside the view, infinite where there is none. `bulk` is how
 * high all but a few go: the first and 98 of 100 of the others.
 */
export interface CurvePoints {
  key: string
  raw: Float64Array
  mean: Float64Array
  validation: Float64Array
  low: number
  high: number
  bulk: number
  /** Steps that the widest row drawn holds. */
  widest: number
  /** Positions of y of what lies far from its curve, where that is left out of `low` and `high`. */
  outliers: Float64Array
}

const known = new WeakMap<Curve, CurvePoints>()

/** Points of one line inside a range of x, thinned to the plot's width. */
export function pointsOf(line: CurveLine, plan: CurvesPlan, xRange: Range): CurvePoints {
  const { curve } = line
  const { x, y, xScale, yScale, smoothing, showTraining, showValidation, ignoreOutliers = false } = plan
  const factor = factorOf(line, y)
  const buckets = Math.max(50, Math.min(2000, Math.round(plan.pixels)))
  const key = [
    curve.generation,
    curve.length,
    curve.validations.length,
    line.flopsPerToken,
    factor.training,
    factor.validation,
    xRange.from,
    xRange.to,
    ...[x, y, xScale, yScale, smoothing, showTraining, showValidation, ignoreOutliers, buckets],
  ].join(' ')
  const before = known.get(curve)
  if (before?.key === key) return before

  const { values, of } = xOf(line, x)
  const place = (px: number, py: number, times = factor.training): [number, number] => [
    position(px, xScale),
    yScale === 'log' && py <= 0 ? NaN : position(py * times, yScale),
  ]
  const isShown = (px: number) => xScale === 'linear' || px > 0
  const chosen = (ys: ArrayLike<number>) =>
    decimate(values, ys, curve.length, { ...xRange, buckets, isLog: xScale === 'log' }).filter((i) =>
      isShown(values[i]),
    )
  const spots = (ys: ArrayLike<number>, indices: number[]) => flat(indices.map((i) => place(values[i], ys[i])))
  const ys = yOf(line, y)
  const hasTraining = showTraining || y !== 'loss'
  const span = spanOf(line, y)
  const shown = !hasTraining ? [] : span ? inOrder([...chosen(span.low), ...chosen(span.high)]) : chosen(ys)
  const isFar = ignoreOutliers && shown.length > 0 ? farFrom(line, plan) : () => false
  /** What was recorded: a row of several steps is drawn from its lowest to its highest. */
  const recorded = shown.flatMap((i): [number, number][] =>
    span && curve.columns.count[i] > 1
      ? [
          [i, span.low[i]],
          [i, span.high[i]],
        ]
      : [[i, ys[i]]],
  )
  const raw = flat(recorded.map(([i, value]) => place(values[i], value)))
  const means = hasTraining && smoothable(y) && smoothing > 0 ? smooth(curve, y, ys, reachOf(curve, smoothing)) : null
  const mean = means ? spots(means, chosen(means)) : flat([])
  const validation = flat(
    showValidation && y === 'loss'
      ? curve.validations
          .filter((record) => isShown(of(record)))
          .map((record) => place(of(record), record.loss, factor.validation))
      : [],
  )
  const near = recorded.filter(([i, value]) => !isFar(i, value))
  const points = {
    key,
    raw,
    mean,
    validation,
    widest: curve.widest === 1 ? 1 : shown.reduce((most, i) => Math.max(most, curve.columns.count[i]), 1),
    outliers: Float64Array.from(
      recorded.filter(([i, value]) => isFar(i, value)),
      ([i, value]) => place(values[i], value)[1],
    ),
    ...extentWithin(
      [ignoreOutliers ? flat(near.map(([i, value]) => place(values[i], value))) : raw, mean, validation],
      xRange,
      xScale,
    ),
  }
  known.set(curve, points)
  return points
}

/** Median distances from the smoothed curve beyond which a step is an outlier: some eight standard deviations. */
const farAway = 12
const mostSampled = 2000

/** How much farther the farthest of so many normal numbers lies than one does, usually: within a tenth. */
const farthestOf = (count: number): number => (count > 1 ? Math.sqrt(2 * Math.log(0.8 * count)) / 0.67 : 1)

const inOrder = (indices: number[]): number[] => [...new Set(indices)].sort((a, b) => a - b)

/** Whether what was recorded at a row lies far from its curve, measured by how far rows usually lie. */
function farFrom(line: CurveLine, { y, smoothing }: CurvesPlan): (i: number, value: number) => boolean {
  const { curve } = line
  const ys = yOf(line, y)
  const mean = smooth(curve, y, ys, reachOf(curve, smoothing || 0.008))
  const span = spanOf(line, y)
  const every = Math.max(1, Math.floor(curve.length / mostSampled))
  const distances: number[] = []
  for (let i = 0; i < curve.length; i += every) {
    const distance = span
      ? Math.max(mean[i] - span.low[i], span.high[i] - mean[i]) / farthestOf(curve.columns.count[i])
      : Math.abs(ys[i] - mean[i])
    if (distance - distance === 0) distances.push(distance)
  }
  const usual = distances.sort((a, b) => a - b)[distances.length >> 1] ?? 0
  return (i, value) => Math.abs(value - mean[i]) > farAway * usual && usual > 0
}

const flat = (pairs: readonly [number, number][]): Float64Array => {
  const numbers = new Float64Array(2 * pairs.length)
  for (const [i, [x, y]] of pairs.entries()) {
    numbers[2 * i] = x
    numbers[2 * i + 1] = y
  }
  return numbers
}

const bulkShare = 0.98

function extentWithin(
  all: Float64Array[],
  range: Range,
  kind: CurvesPlan['xScale'],
): Pick<CurvePoints, 'low' | 'high' | 'bulk'> {
  const [from, to] = [position(range.from, kind), position(range.to, kind)]
  const inside: number[] = []
  for (const points of all)
    for (let i = 0; i < points.length; i += 2)
      if (points[i] >= from && points[i] <= to && Number.isFinite(points[i + 1])) inside.push(points[i + 1])
  if (inside.length === 0) return { low: Infinity, high: -Infinity, bulk: -Infinity }
  const [first] = inside
  const sorted = Float64Array.from(inside).sort()
  const bulk = Math.max(first, sorted[Math.floor(bulkShare * (sorted.length - 1))])
  return { low: sorted[0], high: sorted[sorted.length - 1], bulk }
}

/** As ECharts wants them. */
export const pairsOf = (points: Float64Array): number[][] =>
  Array.from({ length: points.length / 2 }, (_, i) => [points[2 * i], points[2 * i + 1]])
