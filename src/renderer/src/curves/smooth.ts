// Smoothing and speeds, worked out once for each curve and carried on as it grows.
import type { Curve } from './curve.ts'

interface Derived {
  generation: number
  length: number
  values: Float64Array
  /** The state of the average, to go on from. */
  mean: number
  weight: number
}

const smoothed = new WeakMap<Curve, Map<string, Derived>>()

function derivedOf(curve: Curve, key: string): Derived {
  let all = smoothed.get(curve)
  if (!all) smoothed.set(curve, (all = new Map()))
  let derived = all.get(key)
  if (!derived || derived.generation !== curve.generation) {
    derived = { generation: curve.generation, length: 0, values: new Float64Array(curve.columns.step.length), mean: 0, weight: 0 }
    all.set(key, derived)
    if (all.size > 8) all.delete(all.keys().next().value!)
  }
  if (derived.values.length < curve.length) {
    const grown = new Float64Array(curve.columns.step.length)
    grown.set(derived.values.subarray(0, derived.length))
    derived.values = grown
  }
  return derived
}

/**
 * Exponential moving average of `values`, the curve's own column or one derived from it under `name`. `halfLife` is in points: after so many, a
 * value's share has halved. Debiased, so the first values are not dragged towards 0; what is not finite is passed over.
 */
export function smooth(curve: Curve, name: string, values: ArrayLike<number>, halfLife: number): Float64Array {
  const derived = derivedOf(curve, `smooth ${name} ${halfLife}`)
  const keep = halfLife > 0 ? 0.5 ** (1 / halfLife) : 0
  for (let i = derived.length; i < curve.length; i++) {
    const value = values[i]!
    if (Number.isFinite(value)) {
      derived.mean = keep * derived.mean + (1 - keep) * value
      derived.weight = keep * derived.weight + (1 - keep)
    }
    derived.values[i] = derived.weight ? derived.mean / derived.weight : NaN
  }
  derived.length = curve.length
  return derived.values
}

/** Tokens a second at each step, since the step before; NaN at the first and across pauses in the record. */
export function speeds(curve: Curve): Float64Array {
  const derived = derivedOf(curve, 'speed')
  const { tokens, elapsedMs } = curve.columns
  for (let i = derived.length; i < curve.length; i++) {
    const seconds = (elapsedMs[i]! - (i ? elapsedMs[i - 1]! : 0)) / 1000
    derived.values[i] = seconds > 0 ? (tokens[i]! - (i ? tokens[i - 1]! : 0)) / seconds : NaN
  }
  derived.length = curve.length
  return derived.values
}
