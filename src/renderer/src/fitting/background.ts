// Fits in a thread of its own; where there are none (tests), in turn.
import { fitJobs, type FitKind, type Fitted, type FitRequest } from './jobs.ts'

const running = new Map<FitKind, Worker>()

/** Of each kind the newest request counts: one that is still under way is dropped, and its promise never settles. */
export function fitInBackground<K extends FitKind>(kind: K, request: FitRequest<K>): Promise<Fitted<K>> {
  running.get(kind)?.terminate()
  running.delete(kind)
  if (typeof Worker === 'undefined')
    return Promise.resolve().then(() => (fitJobs[kind] as (request: FitRequest<K>) => Fitted<K>)(request))
  const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' })
  running.set(kind, worker)
  return new Promise((resolve, reject) => {
    const end = (settle: () => void) => {
      worker.terminate()
      if (running.get(kind) === worker) running.delete(kind)
      settle()
    }
    worker.onmessage = ({ data }: MessageEvent<Fitted<K>>) => end(() => resolve(data))
    worker.onerror = ({ message }) =>
      end(() => reject(new Error(message || 'The thread that fits could not be started.')))
    worker.postMessage({ kind, request })
  })
}
