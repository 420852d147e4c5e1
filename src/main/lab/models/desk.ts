// The desk: the models used last stay open in workers for a while, so that asking again costs no loading.
import { Fault, toFaultData } from '#shared/fault.ts'
import type { AttentionLook, Comparison, TensorLook, Written, WrittenToken } from '#shared/inspection.ts'
import type { GenerateOptions } from '#shared/run.ts'
import type { CheckpointSource } from '#main/core/model-formats/open.ts'
import { work } from '#main/platform/processes/host.ts'
import type { ForkWorker } from '#main/platform/processes/process.ts'
import type { DeskAsk, DeskJob, DeskRecord, DeskValue, DeskWish } from '#main/core/generation/desk-job.ts'

export interface Desk {
  /**
   * `onToken` hears every token as it comes; `signal` ends it with what there is by then, or with the Fault
   * `cancelled`; the model is loaded anew next time.
   */
  write(
    job: DeskJob,
    options: GenerateOptions,
    onToken: (token: WrittenToken) => void,
    signal: AbortSignal,
  ): Promise<Written>
  weights(job: DeskJob): Promise<TensorLook[]>
  attention(job: DeskJob, text: string, layer: number): Promise<AttentionLook>
  compare(job: DeskJob, other: CheckpointSource): Promise<Comparison>
  /** Workers that hold a model at this moment. */
  readonly open: number
  close(): Promise<void>
}

/** Two, so that a pair can be held side by side. */
const mostOpen = 2
const idleMs = 120_000

interface Waiting {
  resolve: (value: DeskValue) => void
  reject: (error: unknown) => void
  onToken: (token: WrittenToken) => void
}

interface Seat {
  key: string
  ask: (ask: DeskAsk) => void
  waiting: Map<number, Waiting>
  stopping: AbortController
  idle: ReturnType<typeof setTimeout> | undefined
  ended: Promise<void>
}

export function createDesk(fork: ForkWorker, rest = idleMs): Desk {
  let seats: Seat[] = [] // the one used last at the end
  let lastId = 0
  let isClosing = false

  const leave = (seat: Seat) => {
    seats = seats.filter((one) => one !== seat)
    clearTimeout(seat.idle)
    seat.stopping.abort()
  }

  function sit(job: DeskJob): Seat {
    const key = JSON.stringify(job)
    const known = seats.find((seat) => seat.key === key)
    if (known) {
      seats = [...seats.filter((seat) => seat !== known), known]
      return known
    }
    while (seats.length >= mostOpen) {
      const free = seats.find((seat) => seat.waiting.size === 0)
      if (!free) throw new Fault('conflict', 'Two models are at work already; wait until one has answered, or stop it.')
      leave(free)
    }
    const seat: Seat = {
      key,
      ask: () => undefined,
      waiting: new Map(),
      stopping: new AbortController(),
      idle: undefined,
      ended: Promise.resolve(),
    }
    seat.ended = serve(seat, job)
    seats.push(seat)
    return seat
  }

  async function serve(seat: Seat, job: DeskJob): Promise<void> {
    let end: unknown = new Fault('cancelled', 'Stopped.')
    try {
      for await (const record of work<DeskRecord>(fork, job, seat.stopping.signal, {
        graceMs: 300,
        connect: (ask) => (seat.ask = ask),
      })) {
        const one = seat.waiting.get(record.id)
        if (record.kind === 'token') one?.onToken(record.token)
        else {
          seat.waiting.delete(record.id)
          if (record.kind === 'answer') one?.resolve(record.value)
          else one?.reject(new Fault(record.fault.code, record.fault.message, { details: record.fault.details }))
          settle(seat)
        }
      }
    } catch (error) {
      end = error
    }
    leave(seat)
    for (const { reject } of seat.waiting.values()) reject(end)
    seat.waiting.clear()
  }

  const settle = (seat: Seat) => {
    clearTimeout(seat.idle)
    if (seat.waiting.size > 0 || !seats.includes(seat)) return
    seat.idle = setTimeout(() => leave(seat), rest)
    seat.idle.unref?.()
  }

  function ask<T extends DeskValue>(
    job: DeskJob,
    wish: DeskWish,
    onToken: Waiting['onToken'] = () => undefined,
    signal?: AbortSignal,
  ): Promise<T> {
    if (isClosing) return Promise.reject(new Fault('unavailable', 'The lab is closed.'))
    let seat: Seat
    try {
      seat = sit(job)
    } catch (error) {
      return Promise.reject(error)
    }
    const id = ++lastId
    clearTimeout(seat.idle)
    const stop = () => leave(seat)
    signal?.addEventListener('abort', stop, { once: true })
    return new Promise<DeskValue>((resolve, reject) => {
      seat.waiting.set(id, { resolve, reject, onToken })
      // The worker is there once its generator has been pulled for the first time, which has happened when `sit`
      // returned.
      seat.ask({ id, ...wish })
    })
      .catch((error) => {
        if (signal?.aborted && toFaultData(error).code === 'cancelled')
          throw new Fault('cancelled', 'Stopped.', { cause: error })
        throw error
      })
      .finally(() => signal?.removeEventListener('abort', stop)) as Promise<T>
  }

  return {
    write: (job, options, onToken, signal) => ask<Written>(job, { kind: 'write', options }, onToken, signal),
    weights: (job) => ask<TensorLook[]>(job, { kind: 'weights' }),
    attention: (job, text, layer) => ask<AttentionLook>(job, { kind: 'attention', text, layer }),
    compare: (job, other) => ask<Comparison>(job, { kind: 'compare', other }),
    get open() {
      return seats.length
    },
    close: async () => {
      isClosing = true
      const all = seats
      all.forEach(leave)
      await Promise.all(all.map(({ ended }) => ended))
    },
  }
}
