// Text that is read again teaches less than new text: effective tokens, and the surface of them (Muennighoff et al.
// 2023, Scaling Data-Constrained Language Models, arXiv 2305.16264, eq. 5 and 6).
import { Fault } from '../fault.ts'
import { type CurveFit, evaluateCurve } from './curve.ts'
import { goldenSection, scanned } from './golden-section.ts'
import { inOrder, type SurfacePoint } from './points.ts'
import { studentQuantile } from './student.ts'
import type { SurfaceFit } from './surface.ts'
import { fitSurface } from './surface-least-squares.ts'

/** R*: readings after which the next is worth 1/e of a first one; as published. */
export const publishedRepeats = 15.387756

export interface RepeatedPoint extends SurfacePoint {
  /** U: different tokens of the text. */
  unique: number
}

/**
 * D' = U + U R* (1 - exp(-R / R*)), with R = D / U - 1 readings after the first: what `tokens` of a text of `unique`
 * ones are worth in new tokens. All of them while the text lasts.
 */
export function effectiveTokens(tokens: number, unique: number, repeats = publishedRepeats): number {
  if (tokens <= unique) return tokens
  return unique + unique * repeats * -Math.expm1(-(tokens / unique - 1) / repeats)
}

export interface RepeatedFit {
  /** Of effective tokens. */
  surface: SurfaceFit
  /** R*; where the points leave one of its ends open, that is null. */
  repeats: { value: number; low: number | null; high: number | null }
  /** Points that read their text more than once. */
  repeated: number
}

/** Readings beyond the first below which a point says nothing of repeats. */
const leastReadings = 0.5
const searched = { from: Math.log(0.2), to: Math.log(1000), steps: 40 } as const

/**
 * E, A, B, alpha, beta and R* of least squares, with R* searched over the surfaces that it leaves. Its interval is that
 * of the profile: where the sum of squares is not worse than one more parameter explains. Throws the sentence that says
 * why there is none.
 */
export function fitRepeated(given: readonly RepeatedPoint[], confidence = 0.95): RepeatedFit {
  const points = inOrder(given) as RepeatedPoint[]
  const repeated = points.filter(({ tokens, unique }) => tokens / unique - 1 >= leastReadings).length
  if (repeated < 2)
    throw new Fault(
      'bad-input',
      `${repeated === 0 ? 'No training' : 'One training'} read its text again by half or more; R* needs two. Train a member on several times its text.`,
    )
  if (points.length < 7)
    throw new Fault('bad-input', `L(N, D') has 6 parameters and there are ${points.length} points: 7 are needed.`)
  const surfaceAt = (logRepeats: number): SurfaceFit =>
    fitSurface(
      points.map((point) => ({ ...point, tokens: effectiveTokens(point.tokens, point.unique, Math.exp(logRepeats)) })),
    )
  const squaresAt = (logRepeats: number): number => surfaceAt(logRepeats).objective
  const scan = scanned(squaresAt, searched.from, searched.to, searched.steps)
  const best = scan.isAtEdge ? scan.at : goldenSection(squaresAt, scan.low, scan.high, 1e-3)
  const surface = surfaceAt(best)
  const freedom = points.length - 6
  const limit = surface.objective * (1 + studentQuantile(1 - confidence, freedom) ** 2 / freedom)
  const end = (bound: number): number | null => {
    if (squaresAt(bound) <= limit) return null
    let [inside, outside] = [best, bound]
    for (let i = 0; i < 30; i++) {
      const middle = (inside + outside) / 2
      if (squaresAt(middle) <= limit) inside = middle
      else outside = middle
    }
    return Math.exp(inside)
  }
  return { surface, repeats: { value: Math.exp(best), low: end(searched.from), high: end(searched.to) }, repeated }
}

/**
 * The loss of a compute-optimal law L(C) where the text is short. Size and data each remove half of what the law
 * removes, as in the published surface, whose exponents are equal; the data's half grows by (D / D')^beta, and along
 * tokens per parameter that are fixed beta is twice the law's exponent.
 */
export function lossOfRepeats(
  fit: Pick<CurveFit, 'parameters' | 'logCoefficient'>,
  flops: number,
  tokens: number,
  unique: number,
  repeats = publishedRepeats,
): number {
  const loss = evaluateCurve(fit, flops)
  const removed = loss - fit.parameters.offset
  const worth = tokens / effectiveTokens(tokens, unique, repeats)
  return loss + (removed / 2) * (worth ** (2 * -fit.parameters.exponent) - 1)
}

/** The fit of points that hold repeats enough to say; null where the published R* must stand for their own. */
export function repeatedOf(points: readonly RepeatedPoint[]): RepeatedFit | null {
  if (points.filter(({ tokens, unique }) => tokens / unique - 1 >= leastReadings).length < 2) return null
  try {
    return fitRepeated(points)
  } catch (error) {
    if (error instanceof Fault) return null // the surface itself is not determined; its own fit says why
    throw error
  }
}
