// A worker without a process: both ends in one, structuredClone for the wire; it can be killed like a real one.
import { serve, type RunJob } from '#main/platform/processes/serve.ts'
import type { FromWorker, ToWorker } from '#main/platform/processes/messages.ts'
import type { ForkWorker, WorkerExit } from '#main/platform/processes/process.ts'

export interface InProcessFork {
  fork: ForkWorker
  /** Kills the newest worker, as `kill -9` would: nothing it says afterwards is heard. */
  killNewest(): void
  started: number
}

/** Forks that run `runJob` right here. */
export function forkInProcess(runJob: RunJob): InProcessFork {
  let newest: () => void = () => undefined
  const self: InProcessFork = {
    started: 0,
    killNewest: () => newest(),
    fork: () => {
      self.started++
      let exit: WorkerExit | null = null
      const toHost: ((message: unknown) => void)[] = []
      const toWorker: ((message: ToWorker) => void)[] = []
      const onExit: ((exit: WorkerExit) => void)[] = []
      const deliver = <T>(listeners: ((message: T) => void)[], message: T) => {
        const copy = structuredClone(message)
        setImmediate(() => {
          if (!exit) for (const listener of listeners) listener(copy)
        })
      }
      const end = (how: WorkerExit) => {
        if (exit) return
        exit = how
        for (const listener of onExit) listener(how)
      }
      newest = () => {
        if (exit) return
        end({ code: null, signal: 'SIGKILL' })
        // A real process would be gone with all it holds; this one must be led to its end, unheard.
        const say = (message: ToWorker) => toWorker.forEach((listener) => listener(message))
        say({ kind: 'abort' })
        for (let i = 0; i < 1000; i++) say({ kind: 'credit' })
      }
      serve(
        {
          send: (message: FromWorker) => deliver(toHost, message),
          onMessage: (listener) => void toWorker.push(listener),
        },
        runJob,
      )
      return {
        pid: 1,
        send: (message) => deliver(toWorker, message as ToWorker),
        onMessage: (listener) => void toHost.push(listener),
        onExit: (listener) => (exit ? listener(exit) : void onExit.push(listener)),
        kill: newest,
        lastWords: () => '',
      }
    },
  }
  return self
}
