// Model sessions: the models used last stay loaded in workers for a while, so that asking again costs no loading.
import { Fault, toFaultData } from '#shared/fault.ts'
import type { AttentionMaps, Comparison, TensorStats, Generated, GeneratedToken } from '#shared/inspection.ts'
import type { GenerateOptions } from '#shared/run.ts'
import type { CheckpointSource } from '#main/core/model-formats/open.ts'
import { work } from '#main/platform/processes/host.ts'
import type { ForkWorker } from '#main/platform/processes/process.ts'
import type {
  ModelSessionJob,
  SessionAnswer,
  SessionQuestion,
  SessionRecord,
  SessionRequest,
} from '#main/core/generation/session-job.ts'

export interface ModelSessions {
  /**
   * `onToken` hears every token as it comes; `signal` ends it with what there is by then, or with the Fault
   * `cancelled`; the model is loaded anew next time.
   */
  generate(
    job: ModelSessionJob,
    options: GenerateOptions,
    onToken: (token: GeneratedToken) => void,
    signal: AbortSignal,
  ): Promise<Generated>
  weights(job: ModelSessionJob): Promise<TensorStats[]>
  attention(job: ModelSessionJob, text: string, layer: number): Promise<AttentionMaps>
  compare(job: ModelSessionJob, other: CheckpointSource): Promise<Comparison>
  /** Workers that hold a model at this moment. */
  readonly open: number
  close(): Promise<void>
}

/** Two, so that a pair can be held side by side. */
const mostOpen = 2
const keptIdleMs = 120_000

interface Waiting {
  resolve: (value: SessionAnswer) => void
  reject: (error: unknown) => void
  onToken: (token: GeneratedToken) => void
}

interface Session {
  key: string
  ask: (ask: SessionRequest) => void
  waiting: Map<number, Waiting>
  stopping: AbortController
  idle: ReturnType<typeof setTimeout> | undefined
  ended: Promise<void>
}

export function createModelSessions(fork: ForkWorker, idleMs = keptIdleMs): ModelSessions {
  let sessions: Session[] = [] // the one used last at the end
  let lastId = 0
  let isClosing = false

  const end = (session: Session) => {
    sessions = sessions.filter((one) => one !== session)
    clearTimeout(session.idle)
    session.stopping.abort()
  }

  function sessionFor(job: ModelSessionJob): Session {
    const key = JSON.stringify(job)
    const known = sessions.find((session) => session.key === key)
    if (known) {
      sessions = [...sessions.filter((session) => session !== known), known]
      return known
    }
    while (sessions.length >= mostOpen) {
      const free = sessions.find((session) => session.waiting.size === 0)
      if (!free) throw new Fault('conflict', 'Two models are at work already; wait until one has answered, or stop it.')
      end(free)
    }
    const session: Session = {
      key,
      ask: () => undefined,
      waiting: new Map(),
      stopping: new AbortController(),
      idle: undefined,
      ended: Promise.resolve(),
    }
    session.ended = serve(session, job)
    sessions.push(session)
    return session
  }

  async function serve(session: Session, job: ModelSessionJob): Promise<void> {
    let reason: unknown = new Fault('cancelled', 'Stopped.')
    try {
      for await (const record of work<SessionRecord>(fork, job, session.stopping.signal, {
        graceMs: 300,
        connect: (ask) => (session.ask = ask),
      })) {
        const one = session.waiting.get(record.id)
        if (record.kind === 'token') one?.onToken(record.token)
        else {
          session.waiting.delete(record.id)
          if (record.kind === 'answer') one?.resolve(record.value)
          else one?.reject(new Fault(record.fault.code, record.fault.message, { details: record.fault.details }))
          settle(session)
        }
      }
    } catch (error) {
      reason = error
    }
    end(session)
    for (const { reject } of session.waiting.values()) reject(reason)
    session.waiting.clear()
  }

  const settle = (session: Session) => {
    clearTimeout(session.idle)
    if (session.waiting.size > 0 || !sessions.includes(session)) return
    session.idle = setTimeout(() => end(session), idleMs)
    session.idle.unref?.()
  }

  function ask<T extends SessionAnswer>(
    job: ModelSessionJob,
    question: SessionQuestion,
    onToken: Waiting['onToken'] = () => undefined,
    signal?: AbortSignal,
  ): Promise<T> {
    if (isClosing) return Promise.reject(new Fault('unavailable', 'The lab is closed.'))
    let session: Session
    try {
      session = sessionFor(job)
    } catch (error) {
      return Promise.reject(error)
    }
    const id = ++lastId
    clearTimeout(session.idle)
    const stop = () => end(session)
    signal?.addEventListener('abort', stop, { once: true })
    return new Promise<SessionAnswer>((resolve, reject) => {
      session.waiting.set(id, { resolve, reject, onToken })
      // The worker is there once its generator has been pulled for the first time, which has happened when `sessionFor`
      // returned.
      session.ask({ id, ...question })
    })
      .catch((error) => {
        if (signal?.aborted && toFaultData(error).code === 'cancelled')
          throw new Fault('cancelled', 'Stopped.', { cause: error })
        throw error
      })
      .finally(() => signal?.removeEventListener('abort', stop)) as Promise<T>
  }

  return {
    generate: (job, options, onToken, signal) => ask<Generated>(job, { kind: 'generate', options }, onToken, signal),
    weights: (job) => ask<TensorStats[]>(job, { kind: 'weights' }),
    attention: (job, text, layer) => ask<AttentionMaps>(job, { kind: 'attention', text, layer }),
    compare: (job, other) => ask<Comparison>(job, { kind: 'compare', other }),
    get open() {
      return sessions.length
    },
    close: async () => {
      isClosing = true
      const all = sessions
      all.forEach(end)
      await Promise.all(all.map(({ ended }) => ended))
    },
  }
}
