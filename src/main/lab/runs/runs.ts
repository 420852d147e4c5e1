// What waits, what trains, what has trained: one training at a time, each in a process of its own, in the order in
// which it was asked for.
import { Fault, toFaultData } from '#shared/fault.ts'
import type { ClusterChoice, ClusterPart } from '#shared/cluster/live.ts'
import type { EngineName } from '#shared/engine.ts'
import type { MemberPlan } from '#shared/family/ladder.ts'
import { canResume, isTraining } from '#shared/run.ts'
import type { RunPlan, RunRecords, RunState, RunSummary } from '#shared/run.ts'
import type { Study } from '#shared/study.ts'
import { isUnderWay } from '#shared/task-state.ts'
import type { News } from '#main/lab/news.ts'
import type { RunRecord, TrainOutcome } from '#main/core/training/records.ts'
import { work, WorkerGone } from '#main/platform/processes/host.ts'
import type { ForkWorker } from '#main/platform/processes/process.ts'
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
  /** Where a model of the library lies that a run begins from; undefined where it is not there any more. */
  modelFolder?: (modelId: string) => string | undefined
  removeFiles: (runId: string) => Promise<void>
}

export interface Runs {
  list(studyId: string | null): RunSummary[]
  read(id: string): StoredRun
  start(study: Study, members: MemberPlan[], engine: EngineName, threads: number, cluster?: ClusterChoice): RunSummary[]
  /** Queues runs whose plans are made already. */
  startPlanned(plans: RunPlan[]): RunSummary[]
  pause(id: string): Promise<RunSummary>
  resume(id: string): RunSummary
  stop(id: string): Promise<RunSummary>
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
  /** Forgets what was deleted, for good. */
  purge(): Promise<void>
}

interface Session {
  runId: string
  recorder: Recorder
  stopping: AbortController
  /** Says something to its worker; null while that is not there. */
  ask: ((value: unknown) => void) | null
  /** What the run becomes when it has been asked to stop. */
  wish: { state: RunState; message: string | null }
  ended: Promise<void>
}

const closedMessage = (step: number) =>
  step > 0
    ? `The lab was closed after step ${step}; the run can go on from there.`
    : 'The lab was closed before it began.'

export function createRuns(deps: RunsDeps): Runs {
  const { store, news } = deps
  const queue: string[] = []
  let session: Session | null = null
  let isClosing = false

  const change = (summary: RunSummary, changes: Partial<RunSummary>): RunSummary => {
    const next = { ...summary, ...changes }
    store.write(next)
    news.tell('run', next)
    return next
  }

  const advance = (): void => {
    if (session || isClosing) return
    const runId = queue.shift()
    if (!runId) return
    const run = store.read(runId)
    const stopping = new AbortController()
    const recorder = createRecorder(run.summary, run.plan.member.tokens, store, news, deps.nowMs)
    const mine: Session = {
      runId,
      recorder,
      stopping,
      ask: null,
      wish: { state: 'cancelled', message: null },
      ended: Promise.resolve(),
    }
    session = mine
    mine.ended = runSession(run, mine).finally(() => {
      session = null
      advance()
    })
  }

  const runSession = async (run: StoredRun, mine: Session): Promise<void> => {
    const { recorder, stopping } = mine
    try {
      recorder.change({ state: 'running', device: null, message: null, code: null, secondsLeft: null })
      const tokensFolder = await deps.prepare(run, (message) => recorder.change({ message }), stopping.signal)
      const { origin } = run.plan
      const startsFrom = origin && deps.modelFolder?.(origin.modelId)
      const job: TrainJob = {
        ...(startsFrom === undefined ? {} : { startsFrom }),
        kind: 'train',
        plan: run.plan,
        tokensFolder,
        runFolder: deps.folderOf(run.plan.runId),
        lastRecordedStep: store.lastStep(run.plan.runId),
      }
      recorder.change({ message: 'Starting the engine.' })
      const { isFinished } = await pull(
        work<RunRecord, TrainOutcome>(deps.fork, job, stopping.signal, {
          graceMs,
          connect: (ask) => {
            mine.ask = ask
          },
        }),
        recorder,
      )
      const end = isFinished
        ? { state: 'finished' as const, finishedMs: deps.nowMs(), secondsLeft: 0 }
        : { ...mine.wish, secondsLeft: null }
      recorder.change(isFinished ? end : { ...end, tokensPerSecond: null })
    } catch (error) {
      const end = {
        ...howItEnded(error, stopping.signal.aborted ? mine.wish : null, recorder.summary),
        secondsLeft: null,
        tokensPerSecond: null,
      }
      try {
        recorder.change(end)
      } catch {
        // the store takes nothing any more; whoever watches is told all the same
        news.tell('run', { ...recorder.summary, ...end })
      }
    }
  }

  /** Ends the session of a run, if it has one, leaving it in `state`. */
  const endSession = async (id: string, state: RunState, message: string | null = null): Promise<void> => {
    if (session?.runId !== id) return
    session.wish = { state, message }
    session.stopping.abort()
    await session.ended
  }

  const leaveQueue = (id: string): void => {
    const at = queue.indexOf(id)
    if (at >= 0) queue.splice(at, 1)
  }

  /** Pausing and stopping: at once where the run only waits, after saving where it trains. */
  const end = async (id: string, state: 'paused' | 'cancelled', from: readonly RunState[]): Promise<RunSummary> => {
    const { summary } = store.read(id)
    if (summary.state === state) return summary
    if (session?.runId === id) {
      await endSession(id, state)
      return store.read(id).summary
    }
    if (!from.includes(summary.state))
      throw new Fault('conflict', `${summary.name} is ${summary.state} and cannot be ${state}.`)
    leaveQueue(id)
    return change(summary, { state, message: null })
  }

  const startPlanned = (plans: RunPlan[]): RunSummary[] => {
    const made = plans.map((plan) => ({ plan, summary: queuedSummary(plan, deps.nowMs()) }))
    for (const { plan, summary } of made) {
      store.insert(plan, summary)
      news.tell('run', summary)
      queue.push(summary.id)
    }
    // After the answer: who asked should see them wait before the first begins.
    setImmediate(advance)
    return made.map(({ summary }) => summary)
  }

  return {
    list: store.list,
    read: store.read,
    start: (study, members, engine, threads, cluster) => {
      const sorted = [...members].sort((a, b) => a.parameters - b.parameters || a.tokens - b.tokens)
      return startPlanned(sorted.map((member) => makeRunPlan(study, member, deps.newId(), engine, threads, cluster)))
    },
    startPlanned,
    pause: (id) => end(id, 'paused', ['queued']),
    stop: (id) => end(id, 'cancelled', ['queued', 'paused', 'interrupted', 'failed']),
    resume: (id) => {
      const { summary } = store.read(id)
      if (session?.runId === id || queue.includes(id)) return summary
      if (summary.state === 'finished')
        throw new Fault('conflict', `${summary.name} is finished; there is nothing to resume.`)
      if (!canResume(summary))
        throw new Fault('conflict', `${summary.name} diverged and would again. Start a new run with a gentler recipe.`)
      queue.push(id)
      const queued = change(summary, { state: 'queued', message: null, code: null })
      setImmediate(advance)
      return queued
    },
    delete: async (id) => {
      store.read(id)
      leaveQueue(id)
      await endSession(id, 'cancelled')
      const { summary } = store.read(id)
      if (summary.state === 'queued') store.write({ ...summary, state: 'cancelled' })
      store.setDeleted(id, true)
      news.tell('runDeleted', { runId: id })
    },
    restore: (id) => {
      store.setDeleted(id, false)
      const { summary } = store.read(id)
      news.tell('run', summary)
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
      if (session?.runId !== id || !session.ask || !isTraining(summary))
        throw new Fault(
          'conflict',
          `${summary.name} is ${summary.state}; only a run that trains has processes to kill.`,
        )
      session.ask({ kill: part })
    },
    records: (id, afterStep) => {
      if (session?.runId === id) session.recorder.flush()
      store.read(id)
      return store.records(id, afterStep)
    },
    underWay: (studyId) => store.list(studyId).filter((run) => isUnderWay(run) || run.state === 'paused'),
    isTraining: () => session !== null,
    begin: () => {
      for (const summary of store.list(null)) {
        if (summary.state === 'running') {
          change(summary, {
            state: 'interrupted',
            secondsLeft: null,
            tokensPerSecond: null,
            message: `The lab ended while this run was at step ${summary.step}; ${goesOn(summary)}`,
          })
        } else if (summary.state === 'queued') {
          change(summary, { state: 'interrupted', secondsLeft: null, message: 'The lab ended before its turn came.' })
        }
      }
    },
    close: async () => {
      isClosing = true
      for (const id of queue.splice(0))
        change(store.read(id).summary, { state: 'interrupted', message: 'The lab was closed before its turn came.' })
      if (session) {
        const { recorder, runId } = session
        await endSession(runId, 'interrupted')
        const { summary } = recorder
        if (summary.state === 'interrupted') change(summary, { message: closedMessage(summary.step) })
      }
    },
    purge: async () => {
      for (const id of store.listDeleted()) {
        await deps.removeFiles(id)
        store.forget(id)
      }
    },
  }
}

const goesOn = ({ checkpoints }: RunSummary): string =>
  checkpoints.length > 0
    ? `it can go on from its checkpoint at step ${checkpoints[checkpoints.length - 1]}.`
    : 'it had not saved yet and will begin anew.'

/** Takes each record as it comes; gives how the training ended. */
async function pull(records: AsyncGenerator<RunRecord, TrainOutcome>, recorder: Recorder): Promise<TrainOutcome> {
  try {
    for (;;) {
      const next = await records.next()
      if (next.done) return next.value
      recorder.take(next.value)
    }
  } finally {
    recorder.flush()
  }
}

function howItEnded(error: unknown, wish: Session['wish'] | null, summary: RunSummary): Partial<RunSummary> {
  const { code, message } = toFaultData(error)
  if (wish && code === 'cancelled') return wish
  if (error instanceof WorkerGone)
    return { state: 'interrupted', message: `${message} It was at step ${summary.step}; ${goesOn(summary)}` }
  return { state: 'failed', code, message }
}
