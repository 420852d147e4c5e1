// A worker process at its own end, under Node's fork and Electron's utilityProcess alike: one process, one job.
import { serve, type RunJob, type WorkerPort } from './serve.ts'
import { takeStrays } from './strays.ts'

/** Electron's port to the parent; absent under Node. */
interface ParentPort {
  postMessage(message: unknown): void
  on(event: 'message', listener: (event: { data: unknown }) => void): void
  on(event: 'close', listener: () => void): void
}

/**
 * A worker without a host has nobody to work for: it goes as well, at once. What it was writing was written aside. Not
 * by `exit`, which waits for a file that does not open: a pipe, or a disk on a network that is gone.
 */
const leave = () => process.kill(process.pid, 'SIGKILL')

/** Handed to a process that the lab starts as its worker. */
export const workerArgument = 'isoflop-worker'

/**
 * Does the one job that the host will send; `workerPath` is what this process forks itself when its job asks for
 * processes of its own. Nothing in any other process.
 */
export function workForHost(runJob: RunJob, workerPath: string): void {
  if (!process.argv.includes(workerArgument)) return
  process.env.ISOFLOP_WORKER = workerPath
  // Ctrl+C and a closing terminal reach every process of the group; what is to be saved first is for the host to say.
  for (const signal of ['SIGINT', 'SIGHUP'] as const) process.on(signal, () => undefined)
  takeStrays(serve(connect(), runJob))
}

function connect(): WorkerPort {
  const electron = (process as unknown as { parentPort?: ParentPort }).parentPort
  if (electron) {
    electron.on('close', leave)
    return {
      send: (message) => electron.postMessage(message),
      onMessage: (listener) => electron.on('message', ({ data }) => listener(data as never)),
    }
  }
  if (!process.send) throw new Error('a worker is started by the lab, which it has no channel to')
  process.on('disconnect', leave)
  return {
    send: (message) => process.send?.(message, undefined, undefined, () => undefined),
    onMessage: (listener) => process.on('message', (message) => listener(message as never)),
  }
}
