// Smoothing and speeds, worked out once for each curve and carried on as it grows.
import type { Curve } from './curve.ts'

interface Derived {
  generation: number
  /** Values that no later point can change. */
  settled: number
  length: number
  values: Float64Array
}

const derivedBy = new WeakMap<Curve, Map<string, Derived>>()

function derivedOf(curve: Curve, key: string): Derived {
  let all = derivedBy.get(curve)
  if (!all) derivedBy.set(curve, (all = new Map()))
  let derived = all.get(key)
  if (!derived || derived.generation !== curve.generation) {
    derived = {
      generation: curve.generation,
      settled: 0,
      length: 0,
      values: new Float64Array(curve.columns.step.length),
    }
    all.delete(key)
    all.set(key, derived)
    if (all.size > 24) all.delete(all.keys().next().value!)
  }
  if (derived.values.length < curve.length + 1) {
    const grown = new Float64Array(Math.max(curve.columns.step.length, curve.length + 1))
    grown.set(derived.values.subarray(0, derived.length))
    derived.values = grown
  }
  return derived
}

/** Running sums from 0, one longer than the values; what is not finite adds nothing. */
function sums(
  curve: Curve,
  key: string,
  values: ArrayLike<number>,
  from: number,
  add: (value: number) => number,
): Float64Array {
  const derived = derivedOf(curve, key)
  for (let i = Math.min(from, derived.settled); i < curve.length; i++) {
    const value = values[i]
    derived.values[i + 1] = derived.values[i] + (value - value === 0 ? add(value) : 0)
  }
  derived.settled = curve.length
  derived.length = curve.length + 1
  return derived.values
}

/**
 * Means over 2 reach + 1 points; at the start as many before as after, so that the fall is not bent; at the end with
 * fewer after, so that it stays calm.
 */
function boxMean(curve: Curve, key: string, values: ArrayLike<number>, reach: number, settledValues: number): Derived {
  const derived = derivedOf(curve, key)
  const from = Math.max(0, Math.min(derived.settled, settledValues - reach))
  const total = sums(curve, `${key} sum`, values, from, (value) => value)
  const count = sums(curve, `${key} count`, values, from, () => 1)
  const { length } = curve
  for (let i = from; i < length; i++) {
    const near = Math.min(reach, i)
    const [a, b] = [i - near, Math.min(length, i + near + 1)]
    const points = count[b] - count[a]
    derived.values[i] = points ? (total[b] - total[a]) / points : NaN
  }
  derived.length = length
  derived.settled = Math.max(0, Math.min(settledValues, length) - reach)
  return derived
}

/**
 * A centred mean of `values`, the curve's own column or one derived from it under `name`: a box of 2 reach + 1 points,
 * twice over, so that
 * neighbours count more than those far away. It does not lag, except over the last few points; what is not finite is
 * passed over.
 */
export function smooth(curve: Curve, name: string, values: ArrayLike<number>, reach: number): ArrayLike<number> {
  if (reach < 1) return values
  const once = boxMean(curve, `once ${name} ${reach}`, values, reach, curve.length)
  return boxMean(curve, `twice ${name} ${reach}`, once.values, reach, once.settled).values
}

/** A reach that is about this share of the curve; powers of two, so that a growing curve rarely changes it. */
export const reachOf = (length: number, share: number): number =>
  share <= 0 ? 0 : 2 ** Math.max(0, Math.round(Math.log2(Math.max(1, length * share))))

/** Tokens per second at each step, since the step before; NaN where no time has passed. */
export function speeds(curve: Curve): Float64Array {
  const derived = derivedOf(curve, 'speed')
  const { tokens, elapsedMs } = curve.columns
  for (let i = derived.settled; i < curve.length; i++) {
    const seconds = (elapsedMs[i] - (i ? elapsedMs[i - 1] : 0)) / 1000
    derived.values[i] = seconds > 0 ? (tokens[i] - (i ? tokens[i - 1] : 0)) / seconds : NaN
  }
  derived.settled = derived.length = curve.length
  return derived.values
}

/** Steps to each side that a smoothed value is a mean of, the nearer counting more. */
export const windowOf = (curve: Curve, share: number): number => {
  const { step } = curve.columns
  const between = curve.length > 1 ? (step[curve.length - 1] - step[0]) / (curve.length - 1) : 1
  return 2 * reachOf(curve.length, share) * between
}
