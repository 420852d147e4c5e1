// Surfaces through the points of a study, with redrawn ones for their intervals: half a second of arithmetic, so it is
// done in the background.
import { toFaultData } from '#shared/fault.ts'
import type { SurfacePoint } from '#shared/scaling/points.ts'
import type { SurfaceFit } from '#shared/scaling/surface.ts'
import { redrawSurface, type SurfaceRedraws } from '#shared/scaling/surface-forecast.ts'
import { fitSurfaceHuber } from '#shared/scaling/surface-huber.ts'
import { fitSurface } from '#shared/scaling/surface-least-squares.ts'

/** `redraws` are refits of losses that might have been; `problem` is the sentence that says why there is no fit. */
export type FittedSurface = { name: string } & (
  | { fit: SurfaceFit; redraws: SurfaceRedraws; problem: null }
  | { fit: null; redraws: null; problem: string }
)

const resamples = 100

export function fitSurfaces(points: readonly SurfacePoint[]): FittedSurface[] {
  const fitted = (name: string, form: 'surface' | 'surface-huber', work: () => SurfaceFit): FittedSurface => {
    try {
      const fit = work()
      return { name, fit, redraws: redrawSurface(form, fit, points, { resamples }), problem: null }
    } catch (error) {
      return { name, fit: null, redraws: null, problem: toFaultData(error).message }
    }
  }
  return [
    fitted('L(N, D), least squares', 'surface', () => fitSurface(points)),
    fitted('L(N, D), Huber', 'surface-huber', () => fitSurfaceHuber(points).fit),
  ]
}
