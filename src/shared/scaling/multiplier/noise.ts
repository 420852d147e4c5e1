// How far losses lie from their law, and how sure that is: what repeats with other seeds say of one training's noise,
// and what the sizes' means say of the law's lack of fit.
import type { Random } from '../../random.ts'
import { chiSquared } from '../bootstrap.ts'
import { type ComparedLaw, lossAt } from './compared-law.ts'
import type { Repeats } from './repeats.ts'

export interface Noise {
  /** Relative standard deviation of one training around the law. */
  deviation: number
  /** What it was learned from: how many independent differences. */
  freedom: number
  /** The sizes miss the law by more than their seeds explain, so the seeds are not counted as knowledge of it. */
  isLackOfFit: boolean
}

/** Chance of the test for lack of fit to see one that is not there. */
const falseAlarm = 0.1

/**
 * The classical split of residuals: means around the law (lack of fit, as many as sizes less parameters), and repeats
 * around their means (pure error). They are pooled unless the former is too large for the latter. null where neither
 * says anything.
 */
export function noiseAround(
  sets: readonly { repeats: readonly Repeats[]; law: ComparedLaw }[],
  parameters: number,
  random: Random,
): Noise | null {
  const sizes = sets.flatMap(({ repeats, law }) => repeats.map((one) => ({ ...one, expected: lossAt(law, one.x) })))
  const fit = sizes.reduce((sum, { count, mean, expected }) => sum + count * (mean / expected - 1) ** 2, 0)
  const pure = sizes.reduce((sum, { squares }) => sum + squares, 0)
  const fitFreedom = Math.max(0, sizes.length - parameters)
  const pureFreedom = sizes.reduce((sum, { count }) => sum + count - 1, 0)
  if (fitFreedom + pureFreedom === 0) return null
  const isLackOfFit =
    fitFreedom > 0 &&
    pureFreedom > 0 &&
    chanceOf(fit / fitFreedom, pure / pureFreedom, fitFreedom, pureFreedom, random) < falseAlarm
  return isLackOfFit
    ? { deviation: Math.sqrt(fit / fitFreedom), freedom: fitFreedom, isLackOfFit }
    : {
        // Where as many sizes as parameters leave no residual, `fit` is rounding.
        deviation: Math.sqrt(((fitFreedom > 0 ? fit : 0) + pure) / (fitFreedom + pureFreedom)),
        freedom: fitFreedom + pureFreedom,
        isLackOfFit,
      }
}

/** How often two variances of one truth have a ratio as large as this, by drawing them. */
function chanceOf(above: number, below: number, freedomAbove: number, freedomBelow: number, random: Random): number {
  const draws = 1000
  let larger = 0
  for (let i = 0; i < draws; i++) {
    const ratio = chiSquared(random, freedomAbove) / freedomAbove / (chiSquared(random, freedomBelow) / freedomBelow)
    if (ratio * below >= above) larger++
  }
  return larger / draws
}
