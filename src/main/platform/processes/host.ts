// The host's half of long work: a job in a process of its own, seen as an async generator of its records.
import { Fault } from '#shared/fault.ts'
import { creditWindow } from './messages.ts'
import type { FromWorker, ToWorker } from './messages.ts'
import type { ForkWorker, WorkerExit } from './process.ts'

export interface WorkOptions {
  /** How long after `signal` a job may take to end by itself before its process is killed. */
  graceMs?: number
  /** How long it may say nothing before it counts as stuck and is killed; null: as long as it likes. */
  silenceMs?: number | null
  /** Called once with the way to ask a job that stays to be asked. */
  connect?: (ask: (value: unknown) => void) => void
}

/** The process went away without finishing its job: killed, out of memory, or crashed. */
export class WorkerGone extends Fault {
  /** `(signal SIGABRT)`, for a sentence of one's own. */
  readonly how: string

  constructor(exit: WorkerExit, lastWords: string) {
    const how = describeExit(exit)
    super('failed', `The working process ended unexpectedly ${how}.`, { details: lastWords || undefined })
    this.name = 'WorkerGone'
    this.how = how
  }
}

function describeExit({ code, signal }: WorkerExit): string {
  if (signal === 'SIGKILL') return '(it was killed, which is what systems do when memory runs out)'
  if (signal) return `(signal ${signal})`
  return code === null ? '(it could not be started)' : `(exit code ${code})`
}

/**
 * Runs `job` in a fresh worker; its records are pulled, so a host that is busy slows the job down instead of drowning.
 * When `signal` aborts the job is asked to end and may still give records; a job that does not end in `graceMs` is
 * killed.
 * Leaving the loop early kills the process. Throws the job's Fault, or WorkerGone.
 */
export async function* work<R, V = void>(
  fork: ForkWorker,
  job: unknown,
  signal?: AbortSignal,
  options: WorkOptions = {},
): AsyncGenerator<R, V> {
  if (signal?.aborted) throw new Fault('cancelled', 'Cancelled before it began.')
  const worker = fork()
  const arrived: FromWorker[] = []
  let exit: WorkerExit | null = null
  let wake: () => void = () => undefined
  worker.onMessage((message) => {
    arrived.push(message as FromWorker)
    wake()
  })
  worker.onExit((how) => {
    exit = how
    wake()
  })
  const send = (message: ToWorker) => worker.send(message)
  let grace: ReturnType<typeof setTimeout> | undefined
  const abort = () => {
    send({ kind: 'abort' })
    grace = setTimeout(() => worker.kill(), options.graceMs ?? 5000)
  }
  signal?.addEventListener('abort', abort, { once: true })
  try {
    send({ kind: 'job', job, credits: creditWindow })
    options.connect?.((value) => send({ kind: 'ask', value }))
    for (;;) {
      const message = arrived.shift()
      if (!message) {
        if (exit)
          throw signal?.aborted ? new Fault('cancelled', 'Cancelled.') : new WorkerGone(exit, worker.lastWords())
        const heard = new Promise<true>((resolve) => {
          wake = () => resolve(true)
        })
        if (await orSilence(heard, options.silenceMs ?? null)) continue
        throw new Fault(
          'failed',
          `It got no further for ${Math.round(options.silenceMs! / 1000)} seconds and was ended. The file is damaged, or the disk it lies on does not answer.`,
        )
      }
      if (message.kind === 'fault')
        throw new Fault(message.fault.code, message.fault.message, { details: message.fault.details })
      if (message.kind === 'done') return message.value as V
      yield message.record as R
      send({ kind: 'credit' })
    }
  } finally {
    signal?.removeEventListener('abort', abort)
    clearTimeout(grace)
    worker.kill()
    if (!exit) await new Promise<void>((resolve) => worker.onExit(() => resolve()))
  }
}

/** `heard`, or null once so much time has passed. */
async function orSilence(heard: Promise<true>, ms: number | null): Promise<true | null> {
  if (ms === null) return heard
  let timer: ReturnType<typeof setTimeout> | undefined
  const silence = new Promise<null>((resolve) => {
    timer = setTimeout(() => resolve(null), ms)
  })
  return Promise.race([heard, silence]).finally(() => clearTimeout(timer))
}

/** Runs a job to its end, showing its records to `onRecord`, and gives its value. */
export async function workToEnd<R, V = void>(
  fork: ForkWorker,
  job: unknown,
  options: WorkOptions & { signal?: AbortSignal; onRecord?: (record: R) => void } = {},
): Promise<V> {
  return drain(work<R, V>(fork, job, options.signal, options), (record) => options.onRecord?.(record))
}

/** Takes every record of a job and gives its value. Where taking one fails the job's process is ended all the same. */
export async function drain<R, V>(
  records: AsyncGenerator<R, V>,
  take: (record: R) => void | Promise<void>,
): Promise<V> {
  try {
    for (;;) {
      const next = await records.next()
      if (next.done) return next.value
      await take(next.value)
    }
  } finally {
    await records.return(undefined as never)
  }
}
