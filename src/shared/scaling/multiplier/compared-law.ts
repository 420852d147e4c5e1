// One recipe's law beside another's, L(x) = E + e^k x^-α, where the asymptote E, and the exponent α too, may be given
// instead of fitted.
import { goldenSection, scanned } from '../golden-section.ts'
import { exponentRange } from '../offset-power-law.ts'
import type { Repeats } from './repeats.ts'

export interface ComparedLaw {
  /** E, the loss that no compute removes. */
  asymptote: number
  /** k, ln of the power term at x = 1. */
  logCoefficient: number
  /** α, above 0 where the loss falls. */
  exponent: number
}

export const lossAt = ({ asymptote, logCoefficient, exponent }: ComparedLaw, x: number): number =>
  asymptote + Math.exp(logCoefficient - exponent * Math.log(x))

/** ln of the x at which the law comes down to `loss`; Infinity where it never does. */
export const logNeededFor = ({ asymptote, logCoefficient, exponent }: ComparedLaw, loss: number): number =>
  loss > asymptote ? (logCoefficient - Math.log(loss - asymptote)) / exponent : Infinity

export interface GivenFit {
  law: ComparedLaw
  /** Sum of squares of the means' residuals, each as often as it was trained. */
  sse: number
}

/**
 * Least squares on L for a given asymptote; the means of repeats stand for them, which changes no fit. For a given
 * exponent the coefficient has a closed form; without one the search is over the exponent alone, around `near` for
 * refits of nearly the same points.
 */
export function fitGivenAsymptote(
  sizes: readonly Repeats[],
  asymptote: number,
  exponent: number | null,
  near: number | null = null,
): GivenFit {
  const centre = sizes.reduce((sum, { x }) => sum + Math.log(x), 0) / sizes.length // keeps x^-α near 1
  const t = sizes.map(({ x }) => Math.log(x) - centre)
  const above = sizes.map(({ mean }) => mean - asymptote)
  const power = new Float64Array(t.length)
  const solve = (alpha: number): { coefficient: number; sse: number } => {
    let py = 0
    let pp = 0
    for (let i = 0; i < t.length; i++) {
      const p = (power[i] = Math.exp(-alpha * t[i]))
      py += sizes[i].count * p * above[i]
      pp += sizes[i].count * p * p
    }
    const coefficient = Math.max(py / pp, Number.MIN_VALUE)
    let sse = 0
    for (let i = 0; i < t.length; i++) sse += sizes[i].count * (above[i] - coefficient * power[i]) ** 2
    return { coefficient, sse }
  }
  const alpha =
    exponent ?? Math.exp(leastAlong((u) => solve(Math.exp(u)).sse, ...searched(near), near === null ? 1e-9 : 1e-5))
  const { coefficient, sse } = solve(alpha)
  return { law: { asymptote, logCoefficient: Math.log(coefficient) + alpha * centre, exponent: alpha }, sse }
}

function searched(near: number | null): [from: number, to: number, scan: number] {
  const [from, to] = [Math.log(exponentRange.smallest), Math.log(exponentRange.largest)]
  if (near === null) return [from, to, 60]
  const middle = Math.log(near)
  return [Math.max(from, middle - 1.5), Math.min(to, middle + 1.5), 12]
}

/** The place between two ends where a function is least. */
export function leastAlong(
  f: (u: number) => number,
  from: number,
  to: number,
  scan: number,
  tolerance: number,
): number {
  const { at, least, low, high } = scanned(f, from, to, scan)
  const middle = goldenSection(f, low, high, tolerance)
  return f(middle) <= least ? middle : at // the best may be an end
}
