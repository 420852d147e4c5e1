// Where a worker begins, under Node's fork and Electron's utilityProcess alike: one process, one job.
import { runJob } from './jobs.ts'
import { serve } from './serve.ts'
import type { WorkerPort } from './serve.ts'

/** Electron's port to the parent; absent under Node. */
interface ParentPort {
  postMessage(message: unknown): void
  on(event: 'message', listener: (event: { data: unknown }) => void): void
  on(event: 'close', listener: () => void): void
}

/** A worker without a host has nobody to work for: it goes as well, at once. What it was writing was written aside. */
const leave = () => process.exit(0)

// Ctrl+C and a closing terminal reach every process of the group; what is to be saved first is for the host to say.
for (const signal of ['SIGINT', 'SIGHUP'] as const) process.on(signal, () => undefined)

function connect(): WorkerPort {
  const electron = (process as unknown as { parentPort?: ParentPort }).parentPort
  if (electron) {
    electron.on('close', leave)
    return {
      send: (message) => electron.postMessage(message),
      onMessage: (listener) => electron.on('message', ({ data }) => listener(data as never)),
    }
  }
  if (!process.send) {
    process.stderr.write('This file is a worker of Isoflop; it is started by the lab and not by hand.\n')
    process.exit(2)
  }
  process.on('disconnect', leave)
  // Ctrl+C in a terminal reaches every process of the group: the host decides what becomes of the work.
  for (const signal of ['SIGINT', 'SIGHUP'] as const) process.on(signal, () => undefined)
  return {
    send: (message) => process.send?.(message, undefined, undefined, () => undefined),
    onMessage: (listener) => process.on('message', (message) => listener(message as never)),
  }
}

// What this worker forks itself begins here as well.
if (typeof __filename === 'string') process.env.ISOFLOP_WORKER = __filename

serve(connect(), runJob)
