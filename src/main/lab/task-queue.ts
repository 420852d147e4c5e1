// Long work in a line: one task at a time, in the order in which they were asked for, each with a record that says how
// it goes. Whatever happens to one, the next gets its turn; a full disk alone holds the line, and lets it go on later.
import { Fault, isDiskFull, toFaultData, type FaultCode } from '#shared/fault.ts'
import { isUnderWay, type TaskState } from '#shared/task-state.ts'

export interface TaskRecord {
  state: TaskState
  message: string | null
  code?: FaultCode | null
}

/** A task that has its turn. */
export interface Task<R> {
  /** As it is now. */
  readonly record: R
  /** Aborts when it is to end. */
  readonly signal: AbortSignal
  /** Changes the record in memory: the next `change` or `progress` tells it. */
  set(changes: Partial<R>): void
  /** Kept and told at once. */
  change(changes: Partial<R>): R
  /** Told every so often, whatever comes in between; kept where the queue keeps progress. */
  progress(changes: Partial<R>): void
}

export interface TaskQueueDeps<R extends TaskRecord> {
  idOf: (record: R) => string
  /** `write` may throw; `keep` never does. */
  store: { read(id: string): R; write(record: R): void; keep(record: R): void }
  tell: (record: R) => void
  /** Does the task and gives what belongs to its end; throws what it failed of. Is awaited before the next begins. */
  work: (task: Task<R>) => Promise<Partial<R>>
  /** What a beginning, going on or ending changes beside the state. */
  atStart?: Partial<R>
  atEnd?: () => Partial<R>
  tellEveryMs?: number
  /** Whether progress is written down, too, for whoever asks while the task lasts. */
  isProgressKept?: boolean
  /**
   * What a full disk paused goes on by itself after so long, each time twice as long; null: when a person resumes it.
   */
  retryMs?: number | null
}

export interface TaskQueue<R> {
  /** Takes a new task. Throws where it cannot be written down. */
  add(record: R): R
  /** Takes a new one that is written down already. */
  enqueue(record: R): R
  /** Lets one go on that has ended or is paused. */
  resume(id: string, changes?: Partial<R>): R
  /** Gives one another state: when it has ended by itself where it has its turn, else at once. */
  end(id: string, state: TaskState, message?: string | null): Promise<R>
  /** Before a record is deleted: its task is cancelled if it is under way, and does not hold the line any more. */
  leave(id: string): Promise<void>
  /** Lets the one that has its turn end and begin anew, before all others. */
  restart(): void
  /** The id of the one that has its turn. */
  current(): string | null
  /** Resolves when it is not under way any more, at once where it is not. */
  ended(id: string): Promise<void>
  /** What a full disk has paused is tried now, if it goes on by itself. */
  goOn(): void
  /** Those of the last session that were under way, or waited for space, ended with it. */
  interrupt(records: readonly R[], message?: (record: R) => string | null): void
  /** Interrupts them all. */
  close(message?: (record: R) => string | null): Promise<void>
}

interface Session<R> {
  id: string
  record: R
  stopping: AbortController
  /** What it becomes when it ends because it was asked to; `queued` puts it in front of all others. */
  end: { state: TaskState; message: (record: R) => string | null }
  ended: Promise<void>
}

const longestRetryMs = 300_000
const nothing = (): null => null

export function createTaskQueue<R extends TaskRecord>(deps: TaskQueueDeps<R>): TaskQueue<R> {
  const { idOf, store, tellEveryMs = 250, retryMs = 15_000 } = deps
  const waiting: string[] = []
  let session: Session<R> | null = null
  let isClosing = false
  /** The task that a full disk paused; nothing begins until it is let go. */
  let held: { id: string; timer: ReturnType<typeof setTimeout> | null } | null = null
  let nextRetryMs = retryMs ?? 0

  const tell = (record: R): void => {
    try {
      deps.tell(record)
    } catch {
      // a fault of whoever listens, and no reason for the line to stand still
    }
  }
  /** Called when a task is not under way any more. */
  const watchers = new Map<string, (() => void)[]>()

  const keep = (record: R): R => {
    store.keep(record)
    if (!isUnderWay(record)) {
      for (const wake of watchers.get(idOf(record)) ?? []) wake()
      watchers.delete(idOf(record))
    }
    tell(record)
    return record
  }
  const merged = (record: R, ...changes: Partial<R>[]): R => Object.assign({}, record, ...changes)
  const state = (name: TaskState, message: string | null = null, code: FaultCode | null = null): Partial<R> =>
    ({ state: name, message, code }) as Partial<R>

  function advance(): void {
    if (session || isClosing || held) return
    const id = waiting.shift()
    if (id === undefined) return
    let record: R
    try {
      record = store.read(id)
    } catch {
      return advance() // it was deleted meanwhile
    }
    const end: Session<R>['end'] = { state: 'cancelled', message: nothing }
    const mine: Session<R> = { id, record, stopping: new AbortController(), end, ended: Promise.resolve() }
    session = mine
    mine.ended = run(mine).finally(() => {
      session = null
      advance()
    })
  }

  async function run(mine: Session<R>): Promise<void> {
    const { signal } = mine.stopping
    let timer: ReturnType<typeof setTimeout> | null = null
    const change = (...changes: Partial<R>[]): R => {
      if (timer) clearTimeout(timer)
      timer = null
      return keep((mine.record = merged(mine.record, ...changes)))
    }
    const say = (): void => {
      timer = null
      tell(mine.record)
    }
    const set = (changes: Partial<R>): void => void (mine.record = merged(mine.record, changes))
    const progress = (changes: Partial<R>): void => {
      set(changes)
      timer ??= setTimeout(deps.isProgressKept ? change : say, tellEveryMs)
    }
    const task: Task<R> = {
      get record() {
        return mine.record
      },
      signal,
      set,
      change,
      progress,
    }
    let end: Partial<R>
    try {
      change(state('running'), deps.atStart ?? {})
      end = merged({ ...state('finished') } as R, await deps.work(task))
      nextRetryMs = retryMs ?? 0
    } catch (error) {
      end = howItEnded(error, mine)
    }
    if (timer) clearTimeout(timer)
    change(end.state === 'queued' ? {} : (deps.atEnd?.() ?? {}), end)
  }

  function howItEnded(error: unknown, { id, record, stopping, end }: Session<R>): Partial<R> {
    const { code, message } = toFaultData(error)
    const isAsked = stopping.signal.aborted
    if (isAsked && end.state === 'queued') waiting.unshift(id)
    if (isAsked) {
      const isSilent = code === 'cancelled' || end.state === 'cancelled' || end.state === 'queued'
      return state(end.state, isSilent ? end.message(record) : message)
    }
    if (!isDiskFull(error)) return state('failed', message, code)
    hold(id)
    return state('paused', fullDiskSentence(error instanceof Fault ? message : null, retryMs !== null), 'disk-full')
  }

  function hold(id: string): void {
    held = { id, timer: null }
    if (retryMs === null) return
    mark('The disk is full, and what comes before this waits for space.', 'disk-full')
    held.timer = setTimeout(release, nextRetryMs)
    held.timer.unref()
    nextRetryMs = Math.min(longestRetryMs, 2 * nextRetryMs)
  }
  /** Why they wait, for whoever waits for them. */
  function mark(message: string | null = null, code: FaultCode | null = null): void {
    for (const id of waiting) {
      try {
        keep(merged(store.read(id), state('queued', message, code)))
      } catch {
        // it was deleted meanwhile
      }
    }
  }
  /** The line goes on; what was paused has its turn first where it goes on by itself. */
  function release(): void {
    if (!held || isClosing) return
    const { id } = held
    if (retryMs !== null) waiting.unshift(id)
    letGo(id)
  }
  const interrupt: TaskQueue<R>['interrupt'] = (records, message = nothing) => {
    for (const record of records.filter((one) => isUnderWay(one) || (one.state === 'paused' && retryMs !== null)))
      keep(merged(record, deps.atEnd?.() ?? {}, state('interrupted', message(record))))
  }
  /** Where it was this one that held the line, the line goes on without it. */
  const letGo = (id: string): boolean => {
    if (held?.id !== id) return false
    if (held.timer) clearTimeout(held.timer)
    held = null
    if (retryMs !== null) mark()
    begin()
    return true
  }
  const enqueue = (record: R): R => {
    tell(record)
    waiting.push(idOf(record))
    release()
    begin()
    return record
  }
  const end = async (id: string, name: TaskState, message: string | null = null): Promise<R> => {
    const at = waiting.indexOf(id)
    if (at >= 0) waiting.splice(at, 1)
    if (session?.id === id) {
      session.end = { state: name, message: () => message }
      session.stopping.abort()
      await session.ended
    } else keep(merged(store.read(id), deps.atEnd?.() ?? {}, state(name, message)))
    letGo(id)
    return store.read(id)
  }
  /** After the answer: who asked should see it wait before it begins. */
  const begin = (): void => void setImmediate(advance)

  return {
    add: (record) => {
      store.write(record)
      return enqueue(record)
    },
    enqueue,
    resume: (id, changes = {}) => {
      const record = store.read(id)
      if (session?.id === id || waiting.includes(id)) return record
      const queued = merged(record, state('queued'), changes)
      store.write(queued)
      tell(queued)
      if (letGo(id)) waiting.unshift(id)
      else {
        waiting.push(id)
        release()
        begin()
      }
      return queued
    },
    end,
    leave: async (id) => {
      if (isUnderWay(store.read(id))) await end(id, 'cancelled')
      else letGo(id)
    },
    restart: () => {
      if (!session || session.stopping.signal.aborted) return
      session.end = { state: 'queued', message: nothing }
      session.stopping.abort()
    },
    current: () => session?.id ?? null,
    ended: (id) =>
      new Promise((resolve) => {
        if (!isUnderWay(store.read(id))) return resolve()
        watchers.set(id, [...(watchers.get(id) ?? []), resolve])
      }),
    goOn: () => {
      if (retryMs !== null) release()
    },
    interrupt,
    close: async (message = nothing) => {
      isClosing = true
      if (held?.timer) clearTimeout(held.timer)
      interrupt([...waiting.splice(0), ...(held ? [held.id] : [])].map(store.read), message)
      if (!session) return
      const { ended, stopping } = session
      session.end = { state: 'interrupted', message }
      stopping.abort()
      await ended
    },
  }
}

const fullDiskSentence = (reason: string | null, goesOn: boolean): string =>
  `${reason ?? 'The disk is full.'} ${goesOn ? 'This resumes by itself when there is space.' : 'Then resume this; what is behind it waits.'}`
