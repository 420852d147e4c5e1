// The trainings: one at a time, each in a process of its own, in the order in which they were asked for.
import { Fault } from '#shared/fault.ts'
import type { ClusterPart } from '#shared/cluster/live.ts'
import type { EngineName } from '#shared/engine.ts'
import type { MemberPlan } from '#shared/family/ladder.ts'
import { canResume, isTraining } from '#shared/run.ts'
import type { RunPlan, RunRecords, RunState, RunSummary, StartChoices } from '#shared/run.ts'
import type { Study } from '#shared/study.ts'
import { isUnderWay } from '#shared/task-state.ts'
import type { News } from '#main/lab/news.ts'
import { createTaskQueue, type Task } from '#main/lab/task-queue.ts'
import type { RunRecord, TrainOutcome } from '#main/core/training/records.ts'
import { drain, work, WorkerGone } from '#main/platform/processes/host.ts'
import type { ForkWorker } from '#main/platform/processes/process.ts'
import { checkPrecision } from './check-precision.ts'
import { makeRunPlan, queuedSummary } from './make-run.ts'
import { createRecorder } from './recorder.ts'
import type { Recorder } from './recorder.ts'
import type { RunStore, StoredRun } from './run-store.ts'
import type { TrainJob } from '#main/core/training/train-job.ts'

/** A large model's step may take a while, and its checkpoint another. */
const graceMs = 120_000

export interface RunsDeps {
  store: RunStore
  news: Pick<News, 'tell'>
  fork: ForkWorker
  nowMs: () => number
  newId: () => string
  /** Makes the tokens of a run if they are not there; `tell` says what is waited for. Gives their folder. */
  prepare: (run: StoredRun, tell: (message: string) => void, signal: AbortSignal) => Promise<string>
  folderOf: (runId: string) => string
  /** Where an imported model lies that a run begins from; undefined where it is not there any more. */
  modelFolder?: (modelId: string) => string | undefined
  removeFiles: (runId: string) => Promise<void>
}

export interface Runs {
  list(studyId: string | null): RunSummary[]
  read(id: string): StoredRun
  /** In the order asked for; without those that are not here any more. */
  plans(ids: readonly string[]): RunPlan[]
  /** With several seeds, those that have finished in the same setting are not trained again. */
  start(study: Study, members: MemberPlan[], engine: EngineName, threads: number, choices?: StartChoices): RunSummary[]
  /** Queues runs whose plans are made already. */
  startPlanned(plans: RunPlan[]): RunSummary[]
  pause(id: string): Promise<RunSummary>
  /** From its last checkpoint, by another engine where one is named. */
  resume(id: string, engine?: EngineName): RunSummary
  stop(id: string): Promise<RunSummary>
  /** Scores finished runs on the whole validation split, by their last weights. */
  rescore(ids: readonly string[]): RunSummary[]
  delete(id: string): Promise<void>
  restore(id: string): RunSummary
  records(id: string, afterStep: number): RunRecords
  /** Kills a process of the cluster that the run trains on. */
  killPart(id: string, part: ClusterPart): void
  /** Runs of a study that wait, train or are paused. */
  underWay(studyId: string): RunSummary[]
  isTraining(): boolean
  /** Runs that the last session left in the middle are offered for resuming. */
  begin(): void
  /** Lets the running training save itself. */
  close(): Promise<void>
  deleted(): { record: RunSummary; deletedMs: number }[]
  /** For good, with its files. */
  forget(id: string): Promise<void>
}

export function createRuns(deps: RunsDeps): Runs {
  const { store, news } = deps
  /** Says something to the worker of the run that has its turn; null while that is not there. */
  let ask: ((value: unknown) => void) | null = null
  let recorder: Recorder | null = null

  const tell = (run: RunSummary): void => news.tell('run', run)
  const queue = createTaskQueue<RunSummary>({
    idOf: ({ id }) => id,
    store: { ...store, read: (id) => store.read(id).summary },
    tell,
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
      mine.leave()
      task.set(mine.summary)
      if (!(error instanceof WorkerGone)) throw error
      const message = `${error.message} It was at step ${mine.summary.step}; ${goesOn(mine.summary)}`
      return { state: 'interrupted', message }
    }
  }

  /** Pausing and cancelling: at once where the run only waits, after saving where it trains. */
  const end = async (id: string, state: 'paused' | 'cancelled', from: readonly RunState[]): Promise<RunSummary> => {
    const { summary } = store.read(id)
    if (summary.state === state) return summary
    if (isUnderWay(summary)) return queue.end(id, state)
    if (!from.includes(summary.state))
      throw new Fault('conflict', `${summary.name} is ${summary.state} and cannot be ${state}.`)
    return queue.end(id, state)
  }

  const startPlanned = (plans: RunPlan[]): RunSummary[] => {
    plans.forEach(checkPrecision)
    const made = plans.map((plan) => ({ plan, summary: queuedSummary(plan, deps.nowMs()) }))
    store.insert(made)
    return made.map(({ summary }) => queue.enqueue(summary))
  }

  return {
    list: store.list,
    read: store.read,
    plans: store.plans,
    start: (study, members, engine, threads, { seeds = 1, systems, systemWeightBytes } = {}) => {
      const sorted = [...members].sort((a, b) => a.parameters - b.parameters || a.tokens - b.tokens)
      const cluster =
        systems === undefined ? undefined : { systems, ...(systemWeightBytes ? { systemWeightBytes } : {}) }
      const plans = sorted.flatMap((member) =>
        Array.from({ length: seeds }, (_, i) => {
          const recipe = { ...study.recipe, seed: (study.recipe.seed + i) % 2 ** 32 }
          return makeRunPlan({ ...study, recipe }, member, deps.newId(), engine, threads, cluster)
        }),
      )
      if (seeds === 1) return startPlanned(plans)
      const key = ({ memberId, setting, seed }: RunSummary) => `${memberId} ${setting} ${seed}`
      const done = new Set(store.list(study.id).flatMap((run) => (run.state === 'finished' ? [key(run)] : [])))
      return startPlanned(plans.filter((plan) => !done.has(key(queuedSummary(plan, 0)))))
    },
    startPlanned,
    pause: (id) => end(id, 'paused', []),
    stop: (id) => end(id, 'cancelled', ['paused', 'interrupted', 'failed']),
    resume: (id, engine) => {
      const { plan, summary } = store.read(id)
      if (isUnderWay(summary)) return summary
      if (summary.state === 'finished')
        throw new Fault('conflict', `${summary.name} is finished; there is nothing to resume.`)
      if (!canResume(summary))
        throw new Fault('conflict', `${summary.name} diverged and would again. Start a new run with a gentler recipe.`)
      checkPrecision({ ...plan, engine: engine ?? plan.engine })
      return queue.resume(id, engine && store.setEngine(id, engine))
    },
    rescore: (ids) => {
      const summaries = ids.map((id) => store.read(id).summary)
      for (const { name, state, steps, checkpoints } of summaries) {
        if (state !== 'finished')
          throw new Fault('conflict', `${name} is ${state}; only a finished run is scored anew.`)
        if (!checkpoints.includes(steps))
          throw new Fault('not-found', `The last checkpoint of ${name} is not here any more; train it again instead.`)
      }
      return summaries.map(({ id }) => queue.resume(id))
    },
    delete: async (id) => {
      await queue.leave(id)
      store.setDeleted(id, deps.nowMs())
      news.tell('runDeleted', { runId: id })
    },
    restore: (id) => {
      store.setDeleted(id, null)
      const { summary } = store.read(id)
      tell(summary)
      return summary
    },
    killPart: (id, part) => {
      const { plan, summary } = store.read(id)
      if (!plan.systems) throw new Fault('conflict', `${summary.name} does not train on a cluster.`)
      if (typeof part === 'object' && part.system >= plan.systems)
        throw new Fault(
          'bad-input',
          `part: ${summary.name} trains on ${plan.systems} system${plan.systems === 1 ? '' : 's'}, counted from 0; there is no system ${part.system}.`,
        )
      if (queue.current() !== id || !ask || !isTraining(summary))
        throw new Fault(
          'conflict',
          `${summary.name} is ${summary.state}; only a run that trains has processes to kill.`,
        )
      ask({ kill: part })
    },
    records: (id, afterStep) => {
      if (queue.current() === id) recorder?.flush()
      store.read(id)
      return store.records(id, afterStep)
    },
    underWay: (studyId) => store.list(studyId).filter((run) => isUnderWay(run) || run.state === 'paused'),
    isTraining: () => queue.current() !== null,
    begin: () =>
      queue.interrupt(store.list(null), (run) =>
        run.state === 'queued'
          ? 'The lab ended before its turn came.'
          : `The lab ended while this run was at step ${run.step}; ${goesOn(run)}`,
      ),
    close: async () => {
      await queue.close((run) =>
        run.state === 'queued'
          ? 'The lab was closed before its turn came.'
          : run.step > 0
            ? `The lab was closed after step ${run.step}; the run can go on from there.`
            : 'The lab was closed before it began.',
      )
      store.close()
    },
    deleted: store.listDeleted,
    forget: async (id) => {
      await deps.removeFiles(id)
      store.forget(id)
    },
  }
}

const goesOn = ({ checkpoints }: RunSummary): string =>
  checkpoints.length > 0
    ? `it can go on from its checkpoint at step ${checkpoints[checkpoints.length - 1]}.`
    : 'it had not saved yet and will begin anew.'
