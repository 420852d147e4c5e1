// What a check found, in the few numbers that answer its question.
import { groupedBy } from '../grouped.ts'
import { rounded, withDecimals } from '../numbers.ts'
import { studentQuantile } from '../scaling/student.ts'
import { valleyOf } from '../scaling/valley.ts'
import { meanOf, spreadOf } from '../statistics.ts'
import type { ActivationPlace, CoordinatePoint, ParametrisationName, TransferPoint } from './check.ts'
import { parametrisations } from './plan.ts'

/** Activations that differ by more than this between the narrowest and the widest model do not keep their size. */
const largestRatio = 2

export interface PlaceSpread {
  place: ActivationPlace
  block: number | null
  /** Largest over smallest root mean square among the widths, 1 where nothing moves. */
  ratio: number
  /** Slope of log rms against log width, 0 where it keeps its size. */
  slope: number
}

export interface CoordinateVerdict {
  parametrisation: ParametrisationName
  /** The last step that every width has reached. */
  step: number
  widths: number[]
  spreads: PlaceSpread[]
  /** The place that moves most. */
  worst: PlaceSpread
  isStable: boolean
}

/** One for each parametrisation that has a step at which two widths or more were read. */
export function coordinateVerdicts(points: readonly CoordinatePoint[]): CoordinateVerdict[] {
  return parametrisations.flatMap((parametrisation) => {
    const mine = points.filter((point) => point.parametrisation === parametrisation)
    const widths = [...new Set(mine.map(({ width }) => width))].sort((a, b) => a - b)
    if (widths.length < 2) return []
    const step = Math.min(
      ...widths.map((width) => Math.max(...mine.filter((point) => point.width === width).map((point) => point.step))),
    )
    const last = mine.filter((one) => one.step === step)
    const places = groupedBy(last, ({ place, block }) => `${place} ${block}`)
    const spreads = [...places.values()].map((of): PlaceSpread => ({
      place: of[0].place,
      block: of[0].block,
      ...spreadOverWidths(of),
    }))
    const worst = spreads.reduce((a, b) => (b.ratio > a.ratio ? b : a))
    return [{ parametrisation, step, widths, spreads, worst, isStable: worst.ratio <= largestRatio }]
  })
}

function spreadOverWidths(points: readonly CoordinatePoint[]): Pick<PlaceSpread, 'ratio' | 'slope'> {
  const values = points.map(({ rms }) => rms)
  const ratio = Math.max(...values) / Math.min(...values)
  const [x, y] = [points.map(({ width }) => Math.log(width)), values.map(Math.log)]
  const [mx, my] = [meanOf(x), meanOf(y)]
  const xx = x.reduce((sum, value) => sum + (value - mx) ** 2, 0)
  return { ratio, slope: x.reduce((sum, value, i) => sum + (value - mx) * (y[i] - my), 0) / xx }
}

export interface BestRate {
  width: number
  /** Of the rates tried. */
  learningRate: number
  loss: number
  /**
   * Vertex of the parabola through the best point and its neighbours, in the logarithm of the rate; the rate itself at
   * an edge.
   */
  between: number
  /** Best at the end of the rates tried: the true best may lie beyond. */
  isAtEdge: boolean
}

export interface TransferVerdict {
  parametrisation: ParametrisationName
  best: BestRate[]
  /** log2 of the widest model's best rate over the narrowest's; null until both lie inside the rates tried. */
  drift: number | null
  /** 95 % of the drift, from its scatter over the seeds (Student's t); null with fewer than two. */
  driftInterval: { low: number; high: number } | null
  seeds: number
  /** Why best rates that are known say nothing of how the best one changes; null where they do. */
  problem: string | null
}

/** The best rate of every width that has been tried, narrow to wide. */
export function transferVerdicts(points: readonly TransferPoint[]): TransferVerdict[] {
  return parametrisations.flatMap((parametrisation): TransferVerdict[] => {
    const mine = points.filter((point) => point.parametrisation === parametrisation)
    const bySeed = [...new Set(mine.map(({ seed }) => seed))].map((seed) => mine.filter((one) => one.seed === seed))
    const best = bestRates(meansOf(mine))
    if (best.length === 0) return []
    const ends = best.length > 1 ? [best[0], best[best.length - 1]] : []
    const atEdge = ends.filter(({ isAtEdge }) => isAtEdge).map(({ width }) => width)
    const common = { parametrisation, best, seeds: bySeed.length }
    if (atEdge.length > 0) return [{ ...common, drift: null, driftInterval: null, problem: edgeProblem(atEdge) }]
    const drift = driftOf(best)
    return [{ ...common, drift, driftInterval: drift === null ? null : intervalOfDrift(drift, bySeed), problem: null }]
  })
}

/** Narrow to wide. */
function bestRates(points: readonly TransferPoint[]): BestRate[] {
  const widths = [...new Set(points.map(({ width }) => width))].sort((a, b) => a - b)
  return widths.flatMap((width) =>
    bestOf(
      width,
      points.filter((point) => point.width === width),
    ),
  )
}

function driftOf(best: readonly BestRate[]): number | null {
  const [narrow, wide] = [best[0], best[best.length - 1]]
  return best.length < 2 || narrow.isAtEdge || wide.isAtEdge ? null : Math.log2(wide.between / narrow.between)
}

/** Around the drift of the mean losses, as wide as the seeds' own drifts scatter. */
function intervalOfDrift(drift: number, bySeed: readonly TransferPoint[][]): { low: number; high: number } | null {
  const own = bySeed.map((one) => driftOf(bestRates(one))).filter((one): one is number => one !== null)
  const spread = spreadOf(own)
  if (spread === null) return null
  const half = (studentQuantile(0.05, own.length - 1) * spread) / Math.sqrt(own.length)
  return { low: drift - half, high: drift + half }
}

/** Every model's mean over its seeds, and the standard error of that; null as soon as one of them diverged. */
export function meansOf(points: readonly TransferPoint[]): (TransferPoint & { error: number | null })[] {
  const models = groupedBy(
    points,
    ({ parametrisation, width, learningRate }) => `${parametrisation} ${width} ${learningRate}`,
  )
  return [...models.values()].map((all) => {
    const losses = all.map(({ loss }) => loss)
    const known = losses.filter((loss): loss is number => loss !== null)
    const spread = spreadOf(known)
    const isWhole = known.length === losses.length
    return {
      ...all[0],
      loss: isWhole ? meanOf(known) : null,
      error: isWhole && spread !== null ? spread / Math.sqrt(known.length) : null,
    }
  })
}

/** Log2 changes beyond which a best rate that the noise would allow to stay may also have moved in earnest. */
const closeEnough = 0.5

/** What a sweep says of how the best rate changes with the width, in one sentence for every door. */
export function transferWords({ best, drift, driftInterval, seeds, problem }: TransferVerdict): string {
  if (problem !== null) return `Not known: ${problem.charAt(0).toLowerCase()}${problem.slice(1)}`
  if (drift === null) return 'Not known yet: fewer than two widths have a best rate.'
  const [narrow, wide] = [best[0], best[best.length - 1]]
  const rates = `Best rate ${rounded(narrow.between, 2)} at width ${narrow.width}, ${rounded(wide.between, 2)} at ${wide.width}`
  const times = (log2: number) => withDecimals(2 ** log2, 2)
  if (!driftInterval) return `${rates} (${times(drift)} times). One seed: nothing says how much of that is noise.`
  const { low, high } = driftInterval
  const span = `${times(drift)} times, 95 %: ${times(low)} to ${times(high)} over ${seeds} seeds`
  if (low > 0 || high < 0) return `${rates}: it ${drift < 0 ? 'falls' : 'rises'} significantly (${span}).`
  return low > -closeEnough && high < closeEnough
    ? `${rates}: the change is within noise, and small (${span}).`
    : `${rates}: the change is within noise (${span}); more seeds or finer rates would tell more.`
}

const edgeProblem = (widths: readonly number[]): string =>
  `At width ${widths.join(' and ')} the best rate lies at the edge of those tried, so the true one may lie beyond and nothing says how it changes. Try a wider range.`

function bestOf(width: number, points: readonly TransferPoint[]): BestRate[] {
  const valley = valleyOf(points.map(({ learningRate, loss }) => ({ x: learningRate, loss })))
  if (!valley) return []
  const { x, loss, between, isAtEdge } = valley
  return [{ width, learningRate: x, loss, between, isAtEdge }]
}
