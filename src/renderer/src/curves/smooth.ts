// Smoothing and speeds, worked out once for each curve and carried on as it grows.
import { lastStep, type Curve } from './curve.ts'

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
 * A centred mean of `values`, the curve's own column or one derived from it under `name`: a box of 2 reach + 1 steps,
 * twice over, so that
 * neighbours count more than those far away. It does not lag, except over the last few points; what is not finite is
 * passed over.
 */
export function smooth(curve: Curve, name: string, values: ArrayLike<number>, reach: number): ArrayLike<number> {
  if (reach < 1) return values
  const box = curve.widest > 1 ? wideBoxMean : boxMean
  const once = box(curve, `once ${name} ${reach}`, values, reach, curve.length)
  return box(curve, `twice ${name} ${reach}`, once.values, reach, once.settled).values
}

/** The same over rows of several steps: each is taken to be its mean all along, so that windows end inside of rows. */
function wideBoxMean(curve: Curve, key: string, values: ArrayLike<number>, reach: number): Derived {
  const derived = derivedOf(curve, key)
  const { length } = curve
  if (derived.length === length && derived.settled === length) return derived
  const { count } = curve.columns
  /** Steps before each row, and sums over them of what is finite. */
  const [ends, total, finite] = [0, 1, 2].map(() => new Float64Array(length + 1))
  for (let i = 0; i < length; i++) {
    const isFinite = values[i] - values[i] === 0
    ends[i + 1] = ends[i] + count[i]
    total[i + 1] = total[i] + (isFinite ? values[i] * count[i] : 0)
    finite[i + 1] = finite[i] + (isFinite ? count[i] : 0)
  }
  const all = ends[length]
  const walk = () => {
    let row = 0
    return (at: number): [number, number] => {
      while (row < length - 1 && ends[row + 1] <= at) row++
      const share = (at - ends[row]) / count[row]
      const along = (sums: Float64Array) => sums[row] + share * (sums[row + 1] - sums[row])
      return [along(total), along(finite)]
    }
  }
  const [low, high] = [walk(), walk()]
  for (let i = 0; i < length; i++) {
    const middle = (ends[i] + ends[i + 1]) / 2
    const half = Math.min(reach + 0.5, middle)
    const [a, b] = [low(Math.max(0, middle - half)), high(Math.min(all, middle + half))]
    const points = b[1] - a[1]
    derived.values[i] = points > 0 ? (b[0] - a[0]) / points : NaN
  }
  derived.length = derived.settled = length
  return derived
}

/** A reach that is about this share of the curve; powers of two, so that a growing curve rarely changes it. */
export const reachOf = ({ records }: Pick<Curve, 'records'>, share: number): number =>
  share <= 0 ? 0 : 2 ** Math.max(0, Math.round(Math.log2(Math.max(1, records * share))))

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
  const between = curve.records > 1 ? (lastStep(curve) - (step[0] - 1)) / curve.records : 1
  return 2 * reachOf(curve, share) * between
}
