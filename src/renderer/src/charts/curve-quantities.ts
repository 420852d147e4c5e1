// What a training curve is drawn against and what is drawn: the columns of its records, in the units of the axes.
import type { Curve } from '../curves/curve.ts'
import { inNats, type LossFactor } from '#shared/loss-unit.ts'
import { speeds } from '../curves/smooth.ts'
import { type LossUnit, lossUnitNames } from '#shared/loss-unit.ts'
import { union, type Range, type ScaleKind } from './scale.ts'

export type CurveX = 'step' | 'tokens' | 'flops' | 'seconds'
export type CurveY = 'loss' | 'learningRate' | 'gradientNorm' | 'tokensPerSecond'

export interface CurveLine {
  id: string
  name: string
  colour: string
  symbol: string
  curve: Curve
  /** Training FLOPs per token, under the convention named on the axis. */
  flopsPerToken: number
  /** Of its losses; absent: nats per token, as they were recorded. */
  factor?: LossFactor
}

export const xNames: Record<CurveX, string> = {
  step: 'steps',
  tokens: 'tokens',
  flops: 'training compute, FLOPs',
  seconds: 'training time, seconds',
}
const yNames: Record<Exclude<CurveY, 'loss'>, string> = {
  learningRate: 'learning rate',
  gradientNorm: 'gradient norm',
  tokensPerSecond: 'tokens/s',
}
export const yName = (y: CurveY, unit: LossUnit = 'nats-per-token'): string =>
  y === 'loss' ? lossUnitNames[unit] : yNames[y]

/** What y is multiplied by where it is drawn or read: columns stay as they were recorded. */
export const factorOf = ({ factor = inNats }: Pick<CurveLine, 'factor'>, y: CurveY): LossFactor =>
  y === 'loss' ? factor : inNats

interface Axis {
  values: ArrayLike<number>
  of: (record: { step: number; tokens: number; elapsedMs: number }) => number
}

const scaled = new WeakMap<Curve, Map<string, { length: number; generation: number; values: Float64Array }>>()

/** A column times a factor, carried on as the curve grows. */
function times(curve: Curve, column: 'tokens' | 'elapsedMs', factor: number): Float64Array {
  let all = scaled.get(curve)
  if (!all) scaled.set(curve, (all = new Map()))
  let known = all.get(column + factor)
  if (!known || known.generation !== curve.generation || known.values.length < curve.length) {
    const values = new Float64Array(curve.columns.step.length)
    if (known && known.generation === curve.generation) values.set(known.values.subarray(0, known.length))
    known = {
      length: known && known.generation === curve.generation ? known.length : 0,
      generation: curve.generation,
      values,
    }
    all.set(column + factor, known)
  }
  for (let i = known.length; i < curve.length; i++) known.values[i] = curve.columns[column][i] * factor
  known.length = curve.length
  return known.values
}

export function xOf(line: CurveLine, x: CurveX): Axis {
  const { columns } = line.curve
  if (x === 'step') return { values: columns.step, of: (record) => record.step }
  if (x === 'tokens') return { values: columns.tokens, of: (record) => record.tokens }
  if (x === 'flops')
    return {
      values: times(line.curve, 'tokens', line.flopsPerToken),
      of: (record) => record.tokens * line.flopsPerToken,
    }
  return { values: times(line.curve, 'elapsedMs', 1e-3), of: (record) => record.elapsedMs / 1000 }
}

export function yOf(line: CurveLine, y: CurveY): ArrayLike<number> {
  return y === 'tokensPerSecond' ? speeds(line.curve) : line.curve.columns[y]
}

/** Lowest and highest of the steps that each row holds; null where only their mean is known. */
export function spanOf({ curve }: CurveLine, y: CurveY): { low: ArrayLike<number>; high: ArrayLike<number> } | null {
  if (curve.widest === 1) return null
  const { lossLow, lossHigh, gradientNormLow, gradientNormHigh } = curve.columns
  if (y === 'loss') return { low: lossLow, high: lossHigh }
  return y === 'gradientNorm' ? { low: gradientNormLow, high: gradientNormHigh } : null
}

export const smoothable = (y: CurveY): boolean => y !== 'learningRate'

/** The whole extent of x over all lines: what a chart without zoom shows. */
export function xExtent(plan: { lines: readonly CurveLine[]; x: CurveX; xScale: ScaleKind }): Range | null {
  return union(
    ...plan.lines.map((line) => {
      const { values, of } = xOf(line, plan.x)
      const { length, validations } = line.curve
      const lastValidation = validations.length ? of(validations[validations.length - 1]) : 0
      if (!length && !validations.length) return null
      const first = length ? values[0] : of(validations[0])
      const to = Math.max(length ? values[length - 1] : 0, lastValidation)
      return plan.xScale === 'log' ? (to > 0 ? { from: first > 0 ? first : to / 1e4, to } : null) : { from: 0, to }
    }),
  )
}
