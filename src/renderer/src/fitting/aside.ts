// Fits in a thread of its own; where there are none (tests), in turn.
import type { SurfacePoint } from '#shared/scaling/points.ts'
import { fitSurfaces, type FittedSurface } from './surfaces.ts'

let running: Worker | null = null

/** The newest wish counts: one that is still under way is dropped, and its promise never settles. */
export function fitSurfacesAside(points: SurfacePoint[]): Promise<FittedSurface[]> {
  running?.terminate()
  running = null
  if (typeof Worker === 'undefined') return Promise.resolve().then(() => fitSurfaces(points))
  const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' })
  running = worker
  return new Promise((resolve, reject) => {
    const end = (settle: () => void) => {
      worker.terminate()
      if (running === worker) running = null
      settle()
    }
    worker.onmessage = ({ data }: MessageEvent<FittedSurface[]>) => end(() => resolve(data))
    worker.onerror = ({ message }) => end(() => reject(new Error(message || 'The thread that fits could not be started.')))
    worker.postMessage(points)
  })
}
