// One published measurement beside the records that describe it, and how far a prediction is from it.
import { meanOf } from '../statistics.ts'
import type { GpuMachine } from './machine.ts'
import type { GpuPlan } from './plan.ts'
import type { ClusterModel } from './transformer.ts'

/** A row of a validation table. */
export interface Trial {
  table: string
  /** Row in its table; two trials may share one. */
  row: number
  model: ClusterModel
  plan: GpuPlan
  machine: GpuMachine
  /** Measured seconds per step; null where the row has none, or one that contradicts itself. */
  seconds: number | null
  /** Measured bytes on the fullest device. */
  bytes: number | null
  /** The run ended out of memory; null when the row does not say. */
  outOfMemory: boolean | null
  /** Calculon's own prediction, where the file has it. */
  calculonSeconds: number | null
  calculonBytes: number | null
  /** What the source does not say and was assumed. */
  assumed: string
}

/** Errors of one set of predictions, as shares of what was measured. */
export interface Errors {
  rows: number
  /** Mean absolute error: the share. */
  mean: number
  median: number
  largest: number
  /** Mean signed error: above 0, predictions are too slow or too large. */
  bias: number
}

export function errorsOf(pairs: readonly { predicted: number; measured: number }[]): Errors | null {
  if (pairs.length === 0) return null
  const signed = pairs.map(({ predicted, measured }) => predicted / measured - 1)
  const sizes = signed.map(Math.abs).sort((a, b) => a - b)
  const middle = sizes.length >> 1
  return {
    rows: pairs.length,
    mean: meanOf(sizes),
    median: sizes.length % 2 ? sizes[middle] : (sizes[middle - 1] + sizes[middle]) / 2,
    largest: sizes[sizes.length - 1],
    bias: meanOf(signed),
  }
}

/**
 * Kendall's tau-b between predicted and measured order; null for fewer than two rows, or when one side does not vary.
 */
export function kendallTau(pairs: readonly { predicted: number; measured: number }[]): number | null {
  let agree = 0
  let against = 0
  let tiedPredicted = 0
  let tiedMeasured = 0
  for (let i = 0; i < pairs.length; i++) {
    for (let j = 0; j < i; j++) {
      const predicted = Math.sign(pairs[i].predicted - pairs[j].predicted)
      const measured = Math.sign(pairs[i].measured - pairs[j].measured)
      if (predicted === 0 && measured === 0) continue
      if (predicted === 0) tiedPredicted++
      else if (measured === 0) tiedMeasured++
      else if (predicted === measured) agree++
      else against++
    }
  }
  const scale = Math.sqrt((agree + against + tiedPredicted) * (agree + against + tiedMeasured))
  return scale === 0 ? null : (agree - against) / scale
}
