// The compute multiplier: how many times the compute of A does B need for the same loss, with its interval.
import { createRandom } from '../../random.ts'
import { drawNoise } from '../bootstrap.ts'
import type { ColumnNames, LawPoint } from '../points.ts'
import { type ComparedLaw, logNeededFor, lossAt } from './compared-law.ts'
import { noiseAround, type Noise } from './noise.ts'
import { both, checkPair, fitPair, jointParameters, ownParameters, type Pair, type PairForm } from './pair-fit.ts'
import { repeatsByX } from './repeats.ts'

/** m at one x of A; below 1 B is better. An end without a bound is null, and both where there is no interval at all. */
export interface MultiplierPoint {
  x: number
  /** null where B never reaches A's loss. */
  value: number | null
  low: number | null
  high: number | null
}

export interface Multiplier {
  form: PairForm
  points: Pair<LawPoint[]>
  laws: Pair<ComparedLaw>
  /** Of each set; `shared` learns one from both. null where nothing is left to learn it from. */
  noise: Pair<Noise | null>
  /** Laws that might be the true ones; none without noise. */
  drawn: Pair<ComparedLaw>[]
  /** The amounts at which both were measured; null where they do not overlap. */
  range: { from: number; to: number } | null
  confidence: number
}

export interface MultiplierOptions {
  form: PairForm
  names: Pair<string>
  columns?: ColumnNames
  resamples?: number
  seed?: number
  confidence?: number
}

/** No law is trusted beyond so many times the largest amount that both were measured at. */
export const farthest = 10

const usualResamples = 400

/**
 * Fits both and draws what they might have been: each size's mean moves by the noise, which is itself drawn anew (see
 * `drawNoise`), and both are fitted again. Throws a Fault for points that determine no such laws.
 */
export function fitMultiplier(points: Pair<readonly LawPoint[]>, options: MultiplierOptions): Multiplier {
  const { form, names, columns, resamples = usualResamples, seed = 0, confidence = 0.95 } = options
  checkPair(points, names, form, columns)
  const random = createRandom(seed)
  const repeats = both(points, repeatsByX)
  const laws = fitPair(repeats, form)
  const joint = jointParameters(form)
  const own = ownParameters(form)
  const sets = both(repeats, (one, side) => ({ repeats: one, law: laws[side] }))
  const together = joint > 0 ? noiseAround([sets.a, sets.b], 2 * own + joint, random) : null
  const noise = both(sets, (one) => (joint > 0 ? together : noiseAround([one], own, random)))
  const drawnFrom = ({ deviation, freedom }: Noise) => drawNoise(random, deviation, freedom)
  const drawn: Pair<ComparedLaw>[] = []
  for (let i = 0; noise.a && noise.b && i < resamples; i++) {
    const shared = joint > 0 ? drawnFrom(noise.a) : null
    const moved = both(repeats, (one, side) => {
      const deviation = shared ?? drawnFrom(noise[side]!)
      return one.map((size) => ({
        ...size,
        mean: lossAt(laws[side], size.x) * Math.exp((deviation / Math.sqrt(size.count)) * random.normal()),
      }))
    })
    if (form.kind === 'pinned' && [...moved.a, ...moved.b].some(({ mean }) => mean <= form.asymptote)) continue
    drawn.push(fitPair(moved, form, laws))
  }
  return { form, points: both(points, (one) => [...one]), laws, noise, drawn, range: overlapOf(points), confidence }
}

/** m at each x, with the percentiles of what it might be. */
export function multiplierAt({ laws, drawn, confidence }: Multiplier, xs: readonly number[]): MultiplierPoint[] {
  return xs.map((x) => {
    const value = bounded(logMultiplier(laws, x))
    if (drawn.length === 0) return { x, value, low: null, high: null }
    const logs = Float64Array.from(drawn, (pair) => logMultiplier(pair, x)).sort()
    const low = bounded(percentile(logs, (1 - confidence) / 2))
    return { x, value, low, high: bounded(percentile(logs, (1 + confidence) / 2)) }
  })
}

/** The amounts to tell of: where both were measured, and ahead as far as any law is trusted. */
export function usualAmounts({ range, points }: Multiplier, count = 25): number[] {
  const measured = [...points.a, ...points.b].map(({ x }) => x)
  return range
    ? spaced(range.from, farthest * range.to, count)
    : spaced(Math.min(...measured), Math.max(...measured), count)
}

export interface BandPoint {
  x: number
  y: number
  low: number
  high: number
}

/** One of the two laws with the percentiles of its drawn ones. */
export function lawBand({ laws, drawn, confidence }: Multiplier, side: 'a' | 'b', xs: readonly number[]): BandPoint[] {
  return xs.map((x) => {
    const y = lossAt(laws[side], x)
    if (drawn.length === 0) return { x, y, low: y, high: y }
    const losses = Float64Array.from(drawn, (pair) => lossAt(pair[side], x)).sort()
    return { x, y, low: percentile(losses, (1 - confidence) / 2), high: percentile(losses, (1 + confidence) / 2) }
  })
}

/** `count` amounts, evenly spaced on a logarithmic axis, both ends exact. */
export const spaced = (from: number, to: number, count: number): number[] =>
  Array.from({ length: count }, (_, i) =>
    i === 0 ? from : i === count - 1 ? to : Math.exp(Math.log(from) + (i / (count - 1)) * Math.log(to / from)),
  )

const logMultiplier = ({ a, b }: Pair<ComparedLaw>, x: number): number => logNeededFor(b, lossAt(a, x)) - Math.log(x)

const bounded = (log: number): number | null => {
  const value = Math.exp(log)
  return Number.isFinite(value) && value > 0 ? value : null
}

/** Between two order statistics; of an unbounded one, unbounded. */
function percentile(sorted: Float64Array, share: number): number {
  const place = share * (sorted.length - 1)
  const [below, above] = [sorted[Math.floor(place)], sorted[Math.ceil(place)]]
  return Number.isFinite(below) && Number.isFinite(above)
    ? below + (place % 1) * (above - below)
    : place % 1 < 0.5
      ? below
      : above
}

function overlapOf({ a, b }: Pair<readonly LawPoint[]>): Multiplier['range'] {
  const ends = (points: readonly LawPoint[]) => points.map(({ x }) => x).sort((p, q) => p - q)
  const [xa, xb] = [ends(a), ends(b)]
  const from = Math.max(xa[0], xb[0])
  const to = Math.min(xa[xa.length - 1], xb[xb.length - 1])
  return from < to ? { from, to } : null
}
