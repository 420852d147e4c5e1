// The thread that fits while the window stays free.
import type { SurfacePoint } from '#shared/scaling/points.ts'
import { fitSurfaces } from './surfaces.ts'

const scope = self as unknown as { onmessage: (event: MessageEvent<SurfacePoint[]>) => void; postMessage: (message: unknown) => void }
scope.onmessage = ({ data }) => scope.postMessage(fitSurfaces(data))
