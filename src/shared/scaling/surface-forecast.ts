// Where a new training would land by a surface: refits of losses that might have been, as for curves.
import { createRandom } from '../random.ts'
import { type BootstrapOptions, drawNoise, type Interval, landing, noiseOf, usualBootstrap } from './bootstrap.ts'
import { inOrder, type SurfacePoint } from './points.ts'
import { evaluateSurface, type Surface, surfaceColumns } from './surface.ts'
import { logsOfSurface, refitSurfaceHuber, surfaceFromLogs } from './surface-huber.ts'
import { fitSurfaceColumns } from './surface-least-squares.ts'

/** Refits of redrawn losses, and the relative noise that each was drawn with; none without a degree of freedom. */
export interface SurfaceRedraws {
  surfaces: Surface[]
  noises: number[]
  /** Relative noise of one training. */
  noise: number
  options: BootstrapOptions
}

/** Numbers in a surface. */
const parameterCount = 5

/**
 * Parametric bootstrap: surface times (1 + noise) at the same sizes and tokens, refitted. The intervals of its
 * constants are of runs drawn with replacement, as papers print them; with the few runs of a study those are too narrow
 * to say where a new one lands.
 */
export function redrawSurface(
  form: 'surface' | 'surface-huber',
  full: Surface,
  given: readonly SurfacePoint[],
  wanted: Partial<BootstrapOptions> = {},
): SurfaceRedraws {
  const options = { ...usualBootstrap, ...wanted }
  const points = inOrder(given)
  const freedom = points.length - parameterCount
  if (freedom < 1) return { surfaces: [], noises: [], noise: 0, options }
  const random = createRandom(options.seed)
  const columns = surfaceColumns(points)
  const expected = points.map(({ parameters, tokens }) => evaluateSurface(full, parameters, tokens))
  const noise = noiseOf(columns.loss, expected, freedom)
  const start = logsOfSurface(full)
  const surfaces: Surface[] = []
  const noises: number[] = []
  for (let i = 0; i < options.resamples; i++) {
    const drawn = drawNoise(random, noise, freedom)
    const loss = Float64Array.from(expected, (one) => one * Math.exp(drawn * random.normal()))
    const redrawn = { ...columns, loss, logL: loss.map(Math.log) }
    const surface =
      form === 'surface'
        ? fitSurfaceColumns(redrawn, null, full)
        : surfaceFromLogs(refitSurfaceHuber(redrawn, start, null).x)
    if (!Object.values(surface).every((value) => typeof value !== 'number' || Number.isFinite(value))) continue
    surfaces.push(surface)
    noises.push(drawn)
  }
  return { surfaces, noises, noise, options }
}

/** Where one more training of this size on so many tokens would land. */
export const surfaceForecastAt = (
  { surfaces, noises, options }: SurfaceRedraws,
  parameters: number,
  tokens: number,
): Interval | null =>
  landing(
    surfaces.map((surface) => evaluateSurface(surface, parameters, tokens)),
    noises,
    options,
  )
