// How sure IsoFLOP profiles are: losses that might have been around each parabola, and where vertices and exponents
// then lie.
import { createRandom } from '../random.ts'
import { type BootstrapOptions, drawNoise, type Interval, intervalOf, noiseOf, usualBootstrap } from './bootstrap.ts'
import { fitIsoflops, type IsoflopFit, type IsoflopPoint } from './isoflop.ts'

export interface VertexIntervals {
  parameters: Interval
  tokens: Interval
  loss: Interval
}

export interface IsoflopIntervals {
  /** Of the exponent of N* and of D*; null where too few draws leave two minima. */
  size: Interval | null
  tokens: Interval | null
  /** By budget; a budget is missing where most draws leave it without a minimum inside its sizes. */
  vertices: Map<number, VertexIntervals>
  /** Relative noise of one training around its parabola. */
  noise: number
}

/**
 * Parametric bootstrap over the profiles that have a minimum, with one noise for all of them. null where three points
 * at every budget leave nothing to learn the noise from.
 */
export function isoflopIntervals(
  points: readonly IsoflopPoint[],
  fit: IsoflopFit,
  wanted: Partial<BootstrapOptions> = {},
): IsoflopIntervals | null {
  const { resamples, seed, confidence } = { ...usualBootstrap, ...wanted }
  const profiles = new Map(
    fit.profiles.filter(({ rejection }) => rejection === null).map((profile) => [profile.budget, profile]),
  )
  const used = points.filter(({ budget }) => profiles.has(budget))
  const freedom = used.length - 3 * profiles.size
  if (freedom < 1 || resamples < 1) return null
  const expected = used.map(({ budget, parameters }) => {
    const { loss, curvature, parameters: best } = profiles.get(budget)!
    return loss + curvature * Math.log10(parameters / best) ** 2
  })
  const noise = noiseOf(
    used.map(({ loss }) => loss),
    expected,
    freedom,
  )
  const random = createRandom(seed)
  const draws: IsoflopFit[] = []
  for (let i = 0; i < resamples; i++) {
    const drawn = drawNoise(random, noise, freedom)
    draws.push(
      fitIsoflops(used.map((point, k) => ({ ...point, loss: expected[k] * Math.exp(drawn * random.normal()) }))),
    )
  }
  const over = (values: number[]): Interval | null => {
    if (values.length < resamples / 2) return null
    const { low, high } = intervalOf(values, confidence)
    return { low, high }
  }
  const vertices = new Map<number, VertexIntervals>()
  for (const budget of profiles.keys()) {
    const found = draws.flatMap((draw) =>
      draw.profiles.filter((profile) => profile.budget === budget && profile.rejection === null),
    )
    const parameters = over(found.map((one) => one.parameters))
    const tokens = over(found.map((one) => one.tokens))
    const loss = over(found.map((one) => one.loss))
    if (parameters && tokens && loss) vertices.set(budget, { parameters, tokens, loss })
  }
  return {
    size: over(draws.flatMap(({ size }) => (size ? [size.slope] : []))),
    tokens: over(draws.flatMap(({ tokens }) => (tokens ? [tokens.slope] : []))),
    vertices,
    noise,
  }
}
