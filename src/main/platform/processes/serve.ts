// The worker's half of long work: pulls a job's generator only as far as the host has given credit.
import { toFaultData } from '#shared/fault.ts'
import { awaitsHost } from './messages.ts'
import type { FromWorker, ToWorker } from './messages.ts'

/** What a worker hears and says, whatever carries it. */
export interface WorkerPort {
  send(message: FromWorker): void
  onMessage(listener: (message: ToWorker) => void): void
}

/** What a job is asked while it lasts. */
export interface Asks {
  /** The next request, in the order in which they came; null once the job should end. */
  next(): Promise<unknown>
}

/** Turns a job, as it came from the host, into the generator that does it. */
export type RunJob = (job: unknown, signal: AbortSignal, asks: Asks) => AsyncGenerator<unknown, unknown>

/** Lets messages in: a generator that never leaves the CPU would otherwise not hear that it should stop. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** Serves the one job that will come over `port`. Gives the way to end it by a failure from outside its own course. */
export function serve(port: WorkerPort, runJob: RunJob): (reason: unknown) => void {
  const stopping = new AbortController()
  let credits = 0
  let window = 0
  let creditArrived: () => void = () => undefined
  const asked = createAsks(stopping.signal)

  const pull = async (job: unknown) => {
    const records = runJob(job, stopping.signal, asked)
    for (;;) {
      const next = await records.next()
      if (next.done) return next.value
      port.send({ kind: 'record', record: next.value })
      credits--
      await turn()
      const needed = awaitsHost(next.value) ? window : 1
      while (credits < needed) {
        await new Promise<void>((resolve) => {
          creditArrived = resolve
        })
      }
    }
  }

  const fail = (reason: unknown): void => port.send({ kind: 'fault', fault: toFaultData(reason) })

  port.onMessage((message) => {
    if (message.kind === 'abort') stopping.abort()
    if (message.kind === 'ask') asked.add(message.value)
    if (message.kind === 'credit') {
      credits++
      creditArrived()
    }
    if (message.kind === 'job') {
      credits = window = message.credits
      pull(message.job).then((value) => port.send({ kind: 'done', value }), fail)
    }
  })
  return fail
}

function createAsks(signal: AbortSignal): Asks & { add(value: unknown): void } {
  const waiting: unknown[] = []
  let arrived: () => void = () => undefined
  signal.addEventListener('abort', () => arrived())
  return {
    add: (value) => {
      waiting.push(value)
      arrived()
    },
    next: async () => {
      while (waiting.length === 0 && !signal.aborted) {
        await new Promise<void>((resolve) => {
          arrived = resolve
        })
      }
      return signal.aborted ? null : waiting.shift()
    },
  }
}
