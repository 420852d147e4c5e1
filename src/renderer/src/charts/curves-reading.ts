// What the chart of training curves says about a place, and everything behind it as a table.
import { writeCsv } from '#shared/csv.ts'
import { type LossUnit, lossUnitWords } from '#shared/loss-unit.ts'
import { firstNotBelow, nearest, type Curve } from '../curves/curve.ts'
import { reachOf, smooth, speeds } from '../curves/smooth.ts'
import { factorOf, smoothable, spanOf, xOf, yOf, type CurveLine } from './curve-quantities.ts'
import type { CurvesPlan } from './curves-plan.ts'

export interface Reading {
  id: string
  name: string
  colour: string
  /** Exact values at the nearest recorded step, or where the curve is thinned means over as many steps up to it. */
  step: number
  steps: number
  x: number
  value: number
  /** Of those steps; null where it is one, or only their mean is known. */
  low: number | null
  high: number | null
  smoothed: number | null
  validation: number | null
}

/** Every line at the row nearest to `at` (a value of x), whatever was left out for the pixels. */
export function readCurves(plan: CurvesPlan, at: number): Reading[] {
  return plan.lines.flatMap((line) => {
    const { values, of } = xOf(line, plan.x)
    const { curve } = line
    const factor = factorOf(line, plan.y)
    const i = rowAt(values, curve, at)
    if (i < 0) return []
    const span = values[curve.length - 1]
    // this line has ended before the pointer
    if (at > span * 1.02 && at - span > (values[1] ?? span) - values[0]) return []
    const ys = yOf(line, plan.y)
    const steps = curve.columns.count[i]
    const within = steps > 1 ? spanOf(line, plan.y) : null
    const isSmooth = smoothable(plan.y) && plan.smoothing > 0
    let validation: number | null = null
    if (plan.y === 'loss' && curve.validations.length) {
      let best = curve.validations[0]
      for (const one of curve.validations) if (Math.abs(of(one) - at) < Math.abs(of(best) - at)) best = one
      validation = best.loss * factor.validation
    }
    return [
      {
        id: line.id,
        name: line.name,
        colour: line.colour,
        step: curve.columns.step[i],
        steps,
        x: values[i],
        value: ys[i] * factor.training,
        low: within && within.low[i] * factor.training,
        high: within && within.high[i] * factor.training,
        smoothed: isSmooth ? smooth(curve, plan.y, ys, reachOf(curve, plan.smoothing))[i] * factor.training : null,
        validation,
      },
    ]
  })
}

/** The row of several steps that holds the place, else the nearest step; -1 where there is none. */
function rowAt(values: ArrayLike<number>, { columns, length }: Curve, at: number): number {
  const holding = firstNotBelow(values, at, 0, length)
  return holding < length && columns.count[holding] > 1 ? holding : nearest(values, length, at)
}

const csvColumns = (unit: LossUnit) => [
  ...['run', 'member', 'step', 'tokens', 'flops', 'seconds', `loss (${lossUnitWords[unit]})`],
  ...['gradient_norm', 'learning_rate', 'tokens_per_second', `validation_loss (${lossUnitWords[unit]})`],
]

/** Every step of the lines, one row each; the curves are whole. */
export const curvesCsv = (lines: readonly CurveLine[], unit: LossUnit, hasHeader = true): string =>
  writeCsv(hasHeader ? csvColumns(unit) : null, lines.flatMap(csvRows))

function csvRows(line: CurveLine) {
  const { id, name, curve, flopsPerToken } = line
  const factor = factorOf(line, 'loss')
  const { step, tokens, loss, gradientNorm, learningRate, elapsedMs } = curve.columns
  const speed = speeds(curve)
  const validations = new Map(curve.validations.map((record) => [record.step, record.loss * factor.validation]))
  const placed = (at: number, read: number, ms: number) => [id, name, at, read, read * flopsPerToken, ms / 1000]
  const before = curve.validations.filter((record) => !curve.length || record.step < step[0])
  return [
    ...before.map((one) => [
      ...placed(one.step, one.tokens, one.elapsedMs),
      '',
      '',
      '',
      '',
      one.loss * factor.validation,
    ]),
    ...Array.from({ length: curve.length }, (_, i) => [
      ...placed(step[i], tokens[i], elapsedMs[i]),
      loss[i] * factor.training,
      gradientNorm[i],
      learningRate[i],
      speed[i],
      validations.get(step[i]),
    ]),
  ]
}
