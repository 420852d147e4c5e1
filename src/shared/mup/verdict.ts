// What a check found, in the few numbers that answer its question.
import { meanOf } from '../statistics.ts'
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
    const places = new Map<string, CoordinatePoint[]>()
    for (const point of mine.filter((one) => one.step === step)) {
      const key = `${point.place} ${point.block}`
      places.set(key, [...(places.get(key) ?? []), point])
    }
    const spreads = [...places.values()].map((of): PlaceSpread => ({
      place: of[0].place,
      block: of[0].block,
      ...spreadOf(of),
    }))
    const worst = spreads.reduce((a, b) => (b.ratio > a.ratio ? b : a))
    return [{ parametrisation, step, widths, spreads, worst, isStable: worst.ratio <= largestRatio }]
  })
}

function spreadOf(points: readonly CoordinatePoint[]): Pick<PlaceSpread, 'ratio' | 'slope'> {
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
  /** Why best rates that are known say nothing of how the best one changes; null where they do. */
  problem: string | null
}

/** The best rate of every width that has been tried, narrow to wide. */
export function transferVerdicts(points: readonly TransferPoint[]): TransferVerdict[] {
  return parametrisations.flatMap((parametrisation): TransferVerdict[] => {
    const mine = points.filter((point) => point.parametrisation === parametrisation)
    const widths = [...new Set(mine.map(({ width }) => width))].sort((a, b) => a - b)
    const best = widths.flatMap((width) =>
      bestOf(
        width,
        mine.filter((point) => point.width === width),
      ),
    )
    if (best.length === 0) return []
    const ends = best.length > 1 ? [best[0], best[best.length - 1]] : []
    const atEdge = ends.filter(({ isAtEdge }) => isAtEdge).map(({ width }) => width)
    if (atEdge.length > 0) return [{ parametrisation, best, drift: null, problem: edgeProblem(atEdge) }]
    const drift = ends.length > 0 ? Math.log2(ends[1].between / ends[0].between) : null
    return [{ parametrisation, best, drift, problem: null }]
  })
}

const edgeProblem = (widths: readonly number[]): string =>
  `At width ${widths.join(' and ')} the best rate lies at the edge of those tried, so the true one may lie beyond and nothing says how it changes. Try a wider range.`

function bestOf(width: number, points: readonly TransferPoint[]): BestRate[] {
  const tried = [...points].sort((a, b) => a.learningRate - b.learningRate)
  let at = -1
  for (const [i, { loss }] of tried.entries()) if (loss !== null && (at < 0 || loss < tried[at].loss!)) at = i
  if (at < 0) return []
  const { learningRate, loss } = tried[at]
  const neighbours = [tried[at - 1], tried[at], tried[at + 1]]
  const isAtEdge = at === 0 || at === tried.length - 1
  const isComplete = neighbours.every((one) => one && one.loss !== null)
  const between = isComplete
    ? vertex(
        neighbours.map((one) => Math.log(one.learningRate)),
        neighbours.map((one) => one.loss!),
      )
    : null
  return [{ width, learningRate, loss: loss!, between: between === null ? learningRate : Math.exp(between), isAtEdge }]
}

/** x of the lowest point of the parabola through three points whose middle is the lowest. */
function vertex([a, b, c]: number[], [fa, fb, fc]: number[]): number | null {
  const below = (b - a) * (fb - fc) - (b - c) * (fb - fa)
  if (below === 0) return null
  return b - ((b - a) ** 2 * (fb - fc) - (b - c) ** 2 * (fb - fa)) / (2 * below)
}
