// How a task's score follows the loss: the second step from compute to accuracy.
import { minimise } from '../lbfgs.ts'

/** `accuracy` lies between guessing and an upper bound; `bits`, bits per byte of the answer, fall with the loss. */
export type ScoreKind = 'accuracy' | 'bits'

/** A model's loss, and what it scored on a task. */
export interface Scored {
  /** Nats per token, of one text for all. */
  loss: number
  value: number
}

/**
 * accuracy: chance + (upper − chance) / (1 + exp(steepness · (loss − middle))), the form of Llama 3 (Dubey et al. 2024,
 * 3.2.2) and of OLMo's ladder (Bhagia et al. 2024). bits: intercept + slope · loss.
 */
export type ScoreLink =
  | { kind: 'accuracy'; chance: number; upper: number; steepness: number; middle: number }
  | { kind: 'bits'; intercept: number; slope: number }

/** Different losses that a link needs: as many as it has parameters. */
export const linkParameters: Record<ScoreKind, number> = { accuracy: 3, bits: 2 }

export const scoreAt = (link: ScoreLink, loss: number): number =>
  link.kind === 'bits'
    ? link.intercept + link.slope * loss
    : link.chance + (link.upper - link.chance) / (1 + Math.exp(link.steepness * (loss - link.middle)))

/** Least squares. `chance` is of accuracies alone; `near` starts the search where another fit ended. */
export const fitScoreLink = (
  points: readonly Scored[],
  kind: ScoreKind,
  chance: number,
  near: ScoreLink | null = null,
): ScoreLink => (kind === 'bits' ? fitLine(points) : fitSigmoid(points, chance, near))

function fitLine(points: readonly Scored[]): ScoreLink {
  const mean = (of: (one: Scored) => number) => points.reduce((sum, one) => sum + of(one), 0) / points.length
  const [x, y] = [mean(({ loss }) => loss), mean(({ value }) => value)]
  const spread = mean(({ loss }) => (loss - x) ** 2)
  const slope = spread === 0 ? 0 : mean(({ loss, value }) => (loss - x) * (value - y)) / spread
  return { kind: 'bits', intercept: y - slope * x, slope }
}

/** The steepest sigmoid goes from a tenth to nine tenths within a quarter of the losses' range, the flattest in 20. */
const [flattest, steepest] = [4.4 / 20, 4.4 * 4]
/** How many ranges below the smallest and above the largest loss the middle may lie. */
const beyond = 4

/**
 * The height that fits best follows from steepness and middle, within its bounds; those two are searched for from
 * several starts, each in a bounded range, so that no few points make a step or a flat line of it.
 */
function fitSigmoid(points: readonly Scored[], chance: number, near: ScoreLink | null): ScoreLink {
  const losses = points.map(({ loss }) => loss)
  const [least, most] = [Math.min(...losses), Math.max(...losses)]
  const range = most - least || 1
  const bounded = ([t, u]: ArrayLike<number> & Iterable<number>) => {
    const [p, q] = [logistic(t), logistic(u)]
    const steepness = (flattest * (steepest / flattest) ** p) / range
    const middle = least - beyond * range + q * (2 * beyond + 1) * range
    return { p, q, steepness, middle }
  }
  const heightOf = (shares: readonly number[]): number => {
    const squares = shares.reduce((sum, share) => sum + share * share, 0)
    const product = shares.reduce((sum, share, i) => sum + share * (points[i].value - chance), 0)
    return squares > 0 ? Math.min(1 - chance, Math.max(0, product / squares)) : 0
  }
  const objective = (x: Float64Array, gradient: Float64Array): number => {
    const { p, q, steepness, middle } = bounded(x)
    const shares = losses.map((loss) => logistic(-steepness * (loss - middle)))
    const height = heightOf(shares)
    gradient.fill(0)
    let sum = 0
    shares.forEach((share, i) => {
      const miss = chance + height * share - points[i].value
      const slope = 2 * miss * height * share * (1 - share) // by the height's own choice it has no part in the gradient
      sum += miss * miss
      gradient[0] -= slope * (losses[i] - middle) * steepness * Math.log(steepest / flattest) * p * (1 - p)
      gradient[1] += slope * steepness * (2 * beyond + 1) * range * q * (1 - q)
    })
    return sum
  }
  const starts =
    near?.kind === 'accuracy'
      ? [unbounded(near, least, range)]
      : [0.25, 0.5, 0.75].flatMap((p) => [0.3, 0.45, 0.55].map((q) => [logit(p), logit(q)]))
  const found = starts
    .map((start) => minimise(objective, Float64Array.from(start), { gradientTolerance: 1e-12, maxEvaluations: 600 }))
    .reduce((best, one) => (one.value < best.value ? one : best))
  const { steepness, middle } = bounded(found.x)
  const height = heightOf(losses.map((loss) => logistic(-steepness * (loss - middle))))
  return { kind: 'accuracy', chance, upper: chance + height, steepness, middle }
}

const logistic = (x: number): number => 1 / (1 + Math.exp(-x))
const logit = (p: number): number => Math.log(p / (1 - p))
const inside = (p: number): number => Math.min(0.999, Math.max(0.001, p))

/** Where a search starts so as to begin at a link. */
const unbounded = (
  { steepness, middle }: Extract<ScoreLink, { kind: 'accuracy' }>,
  least: number,
  range: number,
): number[] => [
  logit(inside(Math.log((steepness * range) / flattest) / Math.log(steepest / flattest))),
  logit(inside((middle - least + beyond * range) / ((2 * beyond + 1) * range))),
]
