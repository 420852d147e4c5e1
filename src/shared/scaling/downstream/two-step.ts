// From compute to a task's score in two steps: the loss by the law, the score by how it follows the loss.
import { createRandom } from '../../random.ts'
import { bootstrapCurve, drawNoise, fitCurve, type Interval, intervalOf, usualBootstrap } from '../bootstrap.ts'
import { type CurveFit, evaluateCurve, parameterCounts } from '../curve.ts'
import { fitScoreLink, linkParameters, scoreAt, type ScoreKind, type ScoreLink } from './score-link.ts'

/** One trained model: what its training took, its loss, its score and the score's own standard error. */
export interface TaskPoint {
  name?: string
  flops: number
  loss: number
  value: number
  stderr: number | null
}

export interface TwoStepOptions {
  kind: ScoreKind
  /** Of an accuracy: what guessing gives. */
  chance: number
  /** No score is below it. */
  least: number
  resamples: number
  seed: number
  confidence: number
}

export interface ScoreForecast {
  flops: number
  loss: number
  value: number
  /** Where the score of one new training would lie; null where as many points as parameters leave no noise to know. */
  interval: Interval | null
}

/** Fitted without the largest amounts of compute, and what was predicted for the very largest. */
export interface HeldOutScore extends ScoreForecast {
  name: string | null
  measured: number
  /** predicted − measured, in the score's own unit. */
  error: number
  isInside: boolean | null
}

export interface TwoStep {
  law: CurveFit
  link: ScoreLink
  /** Root mean square of what the link misses the points by. */
  residual: number
  points: number
  forecastAt(flops: number): ScoreForecast
}

/**
 * Both steps fitted, or a sentence on why not: too few models, accuracies that do not rise above guessing yet. The
 * interval is of a bootstrap over both: each refit of the law gives a loss, each refit of the link a score for it, and
 * the new score has the noise that the link leaves, at least its own standard error.
 */
export function fitTwoStep(points: readonly TaskPoint[], wanted: Partial<TwoStepOptions> = {}): TwoStep | string {
  const options = { kind: 'accuracy' as const, chance: 0, least: 0, ...usualBootstrap, ...wanted }
  const { kind, chance, least, resamples, seed, confidence } = options
  const sizes = new Set(points.map(({ flops }) => flops)).size
  const needed = linkParameters[kind]
  if (sizes < needed)
    return `A forecast from the loss needs at least ${needed} models of different compute; ${sizes} so far.`
  const below = points.filter(({ value }) => value <= chance).length
  if (kind === 'accuracy' && 2 * below >= points.length)
    return `${below} of ${points.length} models score no better than guessing (${chance}), so accuracy does not follow the loss yet. Bits per byte of the answer do.`
  const losses = points.map(({ name, flops, loss }) => ({ name, x: flops, y: loss }))
  const law = fitCurve(losses, sizes >= parameterCounts['offset-power'] + 1 ? 'offset-power' : 'power')
  const link = fitScoreLink(points, kind, chance)
  const fitted = points.map(({ loss }) => scoreAt(link, loss))
  const squares = points.reduce((sum, { value }, i) => sum + (value - fitted[i]) ** 2, 0)
  const freedom = points.length - needed
  const own = Math.sqrt(points.reduce((sum, { stderr }) => sum + (stderr ?? 0) ** 2, 0) / points.length)

  const random = createRandom(seed)
  const laws = bootstrapCurve(law, losses, { resamples, seed, confidence })
  const noises = Array.from({ length: freedom > 0 ? laws.fits.length : 0 }, () =>
    Math.max(own, drawNoise(random, Math.sqrt(squares / freedom), freedom)),
  )
  const links = noises.map((noise) =>
    fitScoreLink(
      points.map(({ loss }, i) => ({ loss, value: fitted[i] + noise * random.normal() })),
      kind,
      chance,
      link,
    ),
  )
  const within = (value: number) => Math.max(least, kind === 'accuracy' ? Math.min(1, value) : value)
  const forecastAt = (flops: number): ScoreForecast => {
    const loss = evaluateCurve(law, flops)
    const landing = createRandom(seed + 1)
    const values = links.flatMap((one, i) => {
      const expected = evaluateCurve(laws.fits[i], flops) * Math.exp(laws.noises[i] * landing.normal())
      return Array.from({ length: 4 }, () => within(scoreAt(one, expected) + noises[i] * landing.normal()))
    })
    const interval = values.length ? intervalOf(values, confidence) : null
    return { flops, loss, value: scoreAt(link, loss), interval: interval && { low: interval.low, high: interval.high } }
  }
  return { law, link, residual: Math.sqrt(squares / points.length), points: points.length, forecastAt }
}

/** Null where too few models remain for a fit without the `count` largest. */
export function holdOutScore(
  points: readonly TaskPoint[],
  count: number,
  wanted: Partial<TwoStepOptions> = {},
): HeldOutScore | null {
  const sizes = [...new Set(points.map(({ flops }) => flops))].sort((a, b) => a - b)
  const fit = fitTwoStep(
    points.filter(({ flops }) => sizes.indexOf(flops) < sizes.length - count),
    wanted,
  )
  if (typeof fit === 'string') return null
  const largest = points.filter(({ flops }) => flops === sizes[sizes.length - 1])
  const measured = largest.reduce((sum, { value }) => sum + value, 0) / largest.length
  const forecast = fit.forecastAt(largest[0].flops)
  const { value, interval } = forecast
  return {
    ...forecast,
    name: largest[0].name ?? null,
    measured,
    error: value - measured,
    isInside: interval && measured >= interval.low && measured <= interval.high,
  }
}
