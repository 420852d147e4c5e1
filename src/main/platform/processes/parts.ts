// Processes that a worker starts for its own work and talks to without credit: many small messages, each answered when
// it is.
import type { ForkWorker, WorkerExit } from './process.ts'
import { forkNodeWorker } from './node.ts'

/** One such process, as its owner sees it. */
export interface PartProcess {
  readonly pid: number | undefined
  send(message: unknown): void
  /** Ends it without asking. */
  kill(): void
}

export interface PartEvents {
  message(message: unknown): void
  /** Once; nothing is heard of it afterwards. */
  exit(exit: WorkerExit, lastWords: string): void
}

/** Starts a process that does `job`. */
export type StartPart = (job: unknown, events: PartEvents) => PartProcess

interface Envelope {
  kind: 'part'
  message: unknown
}
const isEnvelope = (message: unknown): message is Envelope => (message as Partial<Envelope> | null)?.kind === 'part'

/** Forks the worker that this process was forked from, as plain Node also inside of Electron. */
export function forkParts(workerPath = process.env.ISOFLOP_WORKER ?? process.argv[1]): StartPart {
  if (process.versions.electron) process.env.ELECTRON_RUN_AS_NODE = '1'
  return partsOn(forkNodeWorker(workerPath))
}

export function partsOn(fork: ForkWorker): StartPart {
  return (job, events) => {
    const worker = fork()
    let isOver = false
    worker.onMessage((message) => {
      if (isOver) return
      if (isEnvelope(message)) events.message(message.message)
      else if ((message as { kind?: unknown }).kind === 'fault') events.message(message)
    })
    worker.onExit((exit) => {
      isOver = true
      events.exit(exit, worker.lastWords())
    })
    worker.send({ kind: 'job', job, credits: 1 })
    return {
      get pid() {
        return worker.pid
      },
      send: (message) => worker.send({ kind: 'part', message } satisfies Envelope),
      kill: () => worker.kill(),
    }
  }
}

/** The part's own side: what it says and hears. Only in a process that was forked by Node. */
export function ownSide(): { send(message: unknown): void; onMessage(listener: (message: unknown) => void): void } {
  return {
    send: (message) =>
      process.send?.({ kind: 'part', message } satisfies Envelope, undefined, undefined, () => undefined),
    onMessage: (listener) =>
      void process.on('message', (message) => {
        if (isEnvelope(message)) listener(message.message)
      }),
  }
}
