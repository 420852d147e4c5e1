// Fewer points, the same picture: each pixel column keeps its first, lowest, highest and last point (M4, Jugel et al.
// 2014).
import { firstNotBelow } from './curve.ts'

export interface DecimateRange {
  /** Only points with from ≤ x ≤ to, and one neighbour on each side so that the line reaches the edge. */
  from: number
  to: number
  /** Pixel columns; at most 4 points are kept for each. */
  buckets: number
  /** Positions on a logarithmic axis instead of a linear one. */
  isLog?: boolean
}

/**
 * Indices of the points to draw, ascending. `x` ascends; of both only the first `length` count. A spike is never
 * hidden: the smallest and the
 * largest finite y of every pixel column are kept. When the range holds no more than 4 points a column, all of them
 * come back: zoomed in, it is exact.
 * A point that is not finite is kept where it stands first in its column, so that a gap stays a gap.
 */
export function decimate(
  x: ArrayLike<number>,
  y: ArrayLike<number>,
  length: number,
  { from, to, buckets, isLog = false }: DecimateRange,
): number[] {
  const first = Math.max(0, firstNotBelow(x, from, 0, length) - 1)
  let end = firstNotBelow(x, to, first, length)
  while (end < length && x[end] === to) end++
  end = Math.min(length, end + 1)
  if (end - first <= buckets * 4) return Array.from({ length: end - first }, (_, i) => first + i)

  const log = isLog && from > 0 && to > from
  const edge = (bucket: number) =>
    log ? from * (to / from) ** (bucket / buckets) : from + ((to - from) * bucket) / buckets
  const kept: number[] = []
  const keep = (index: number) => {
    if (kept[kept.length - 1] !== index) kept.push(index)
  }
  let start = first
  for (let bucket = 0; bucket < buckets && start < end; bucket++) {
    const stop = bucket === buckets - 1 ? end : firstNotBelow(x, edge(bucket + 1), start, end)
    if (stop === start) continue
    keepColumn(y, start, stop, keep)
    start = stop
  }
  return kept
}

function keepColumn(y: ArrayLike<number>, start: number, stop: number, keep: (index: number) => void): void {
  let lowest = -1
  let highest = -1
  let broken = -1
  for (let i = start; i < stop; i++) {
    const value = y[i]!
    if (value - value !== 0) {
      // NaN or infinite
      if (broken < 0) broken = i
      continue
    }
    if (lowest < 0 || value < y[lowest]!) lowest = i
    if (highest < 0 || value > y[highest]!) highest = i
  }
  const wanted = [start, lowest, highest, broken, stop - 1].filter((index) => index >= 0).sort((a, b) => a - b)
  for (const index of wanted) keep(index)
}
