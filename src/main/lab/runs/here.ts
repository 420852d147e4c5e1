// This computer as a place: one training at a time, each in a process of its own, in the order in which they were asked
// for.
import { Fault } from '#shared/fault.ts'
import type { RunSummary } from '#shared/run.ts'
import type { News } from '#main/lab/news.ts'
import { createTaskQueue, type Task } from '#main/lab/task-queue.ts'
import type { RunRecord, TrainOutcome } from '#main/core/training/records.ts'
import type { TrainJob } from '#main/core/training/train-job.ts'
import { drain, work, WorkerGone } from '#main/platform/processes/host.ts'
import type { ForkWorker } from '#main/platform/processes/process.ts'
import type { Place } from './place.ts'
import { createRecorder, type Recorder } from './recorder.ts'
import type { RunStore, StoredRun } from './run-store.ts'

/** A large model's step may take a while, and its checkpoint another. */
const graceMs = 120_000

export interface HereDeps {
  store: RunStore
  news: Pick<News, 'tell'>
  fork: ForkWorker
  nowMs: () => number
  /** Makes the tokens of a run if they are not there; `tell` says what is waited for. Gives their folder. */
  prepare: (run: StoredRun, tell: (message: string) => void, signal: AbortSignal) => Promise<string>
  folderOf: (runId: string) => string
  /** Where an imported model lies that a run begins from; undefined where it is not there any more. */
  modelFolder?: (modelId: string) => string | undefined
}

export interface Here extends Place {
  /** The id of the run that has its turn. */
  current(): string | null
  /** Says something to the worker of the run that has its turn; false while that is not there. */
  ask(id: string, value: unknown): boolean
}

export function createHere(deps: HereDeps): Here {
  const { store, news } = deps
  let ask: ((value: unknown) => void) | null = null
  let recorder: Recorder | null = null

  const queue = createTaskQueue<RunSummary>({
    idOf: ({ id }) => id,
    store: { ...store, read: (id) => store.read(id).summary },
    tell: (run) => news.tell('run', run),
    atStart: { secondsLeft: null, device: null },
    atEnd: () => ({ secondsLeft: null, tokensPerSecond: null }),
    retryMs: null, // a checkpoint is large: whoever has made room says so
    work: async (task) => {
      try {
        return await trainRun(task)
      } finally {
        recorder = null
        ask = null
      }
    },
  })

  const trainRun = async (task: Task<RunSummary>): Promise<Partial<RunSummary>> => {
    const run = store.read(task.record.id)
    const tokensFolder = await deps.prepare(run, (message) => task.change({ message }), task.signal)
    task.change({ message: 'Starting the engine.' })
    const { origin, runId } = run.plan
    const startsFrom = origin && deps.modelFolder?.(origin.modelId)
    const job: TrainJob = {
      ...(startsFrom === undefined ? {} : { startsFrom }),
      kind: 'train',
      plan: run.plan,
      tokensFolder,
      runFolder: deps.folderOf(runId),
      lastRecordedStep: store.lastStep(runId),
    }
    const mine = createRecorder(task.record, run.plan.member.tokens, store, news, deps.nowMs)
    recorder = mine
    const connect = (way: (value: unknown) => void): void => void (ask = way)
    const records = work<RunRecord, TrainOutcome>(deps.fork, job, task.signal, { graceMs, connect })
    try {
      const { isFinished } = await drain(records, mine.take)
      mine.flush()
      if (!isFinished) throw new Fault('cancelled', 'Asked to end.')
      task.set(mine.summary)
      const { message, tokensPerSecond } = mine.summary
      return { finishedMs: deps.nowMs(), secondsLeft: 0, tokensPerSecond, message }
    } catch (error) {
      mine.offer()
      task.set(mine.summary)
      if (!(error instanceof WorkerGone)) throw error
      const message = `${error.message} It was at step ${mine.summary.step}; ${goesOn(mine.summary)}`
      return { state: 'interrupted', message }
    }
  }

  return {
    start: (runs) => runs.forEach(queue.enqueue),
    resume: queue.resume,
    end: queue.end,
    leave: queue.leave,
    flush: (id) => {
      if (queue.current() === id) recorder?.offer()
    },
    begin: (runs) =>
      queue.interrupt(runs, (run) =>
        run.state === 'queued'
          ? 'The lab ended before its turn came.'
          : `The lab ended while this run was at step ${run.step}; ${goesOn(run)}`,
      ),
    close: () =>
      queue.close((run) =>
        run.state === 'queued'
          ? 'The lab was closed before its turn came.'
          : run.step > 0
            ? `The lab was closed after step ${run.step}; the run can go on from there.`
            : 'The lab was closed before it began.',
      ),
    current: queue.current,
    ask: (id, value) => {
      if (queue.current() !== id || !ask) return false
      ask(value)
      return true
    },
  }
}

const goesOn = ({ checkpoints }: RunSummary): string =>
  checkpoints.length > 0
    ? `it can go on from its checkpoint at step ${checkpoints[checkpoints.length - 1]}.`
    : 'it had not saved yet and will begin anew.'
