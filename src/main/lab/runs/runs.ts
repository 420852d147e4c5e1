// The runs: made from plans, handed to the place where each runs, and what may be asked of one wherever that is.
import { Fault } from '#shared/fault.ts'
import type { ClusterPart } from '#shared/cluster/live.ts'
import type { EngineName } from '#shared/engine.ts'
import type { MemberPlan } from '#shared/family/ladder.ts'
import { notHeardOf, type PlaceChoice } from '#shared/place.ts'
import { canResume, isTraining } from '#shared/run.ts'
import type { RunPlan, RunRecords, RunState, RunSummary, StartChoices } from '#shared/run.ts'
import type { Study } from '#shared/study.ts'
import { isUnderWay } from '#shared/task-state.ts'
import type { CurvePart, RunCurve } from '#shared/thinning.ts'
import type { News } from '#main/lab/news.ts'
import { checkPrecision } from './check-precision.ts'
import type { Here } from './here.ts'
import { makeRunPlan, queuedSummary } from './make-run.ts'
import type { Place } from './place.ts'
import { readCurve } from './run-curve.ts'
import type { RunStore, StoredRun } from './run-store.ts'

export interface RunsDeps {
  store: RunStore
  news: Pick<News, 'tell'>
  nowMs: () => number
  newId: () => string
  here: Here
  /** The clusters: a run that has a `place` is theirs. */
  elsewhere: Place
  removeFiles: (runId: string) => Promise<void>
}

export interface Runs {
  list(studyId: string | null): RunSummary[]
  read(id: string): StoredRun
  /** In the order asked for; without those that are not here any more. */
  plans(ids: readonly string[]): RunPlan[]
  /** On this computer. With several seeds, those that have finished in the same setting are not trained again. */
  start(study: Study, members: MemberPlan[], engine: EngineName, threads: number, choices?: StartChoices): RunSummary[]
  /** The plans of such runs, smallest first; nothing is started. */
  plan(study: Study, members: MemberPlan[], engine: EngineName, threads: number, choices?: StartChoices): RunPlan[]
  /** Queues runs whose plans are made already. */
  startPlanned(plans: RunPlan[], choice?: PlaceChoice): RunSummary[]
  pause(id: string): Promise<RunSummary>
  /** From its last checkpoint, by another engine where one is named. */
  resume(id: string, engine?: EngineName): RunSummary
  stop(id: string): Promise<RunSummary>
  /** Scores finished runs on the whole validation split, by their last weights. */
  rescore(ids: readonly string[]): RunSummary[]
  delete(id: string): Promise<void>
  restore(id: string): RunSummary
  records(id: string, afterStep: number): RunRecords
  curve(id: string, part: CurvePart): Promise<RunCurve>
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
  const { store, news, here, elsewhere } = deps
  const tell = (run: RunSummary): void => news.tell('run', run)
  const placeOf = (run: RunSummary): Place => (run.place ? elsewhere : here)

  /** Pausing and cancelling: at once where the run only waits, after saving where it trains. */
  const end = async (id: string, state: 'paused' | 'cancelled', from: readonly RunState[]): Promise<RunSummary> => {
    const { summary } = store.read(id)
    if (summary.state === state) return summary
    if (isUnderWay(summary)) return placeOf(summary).end(id, state)
    if (!from.includes(summary.state))
      throw new Fault('conflict', `${summary.name} is ${summary.state} and cannot be ${state}.`)
    return placeOf(summary).end(id, state)
  }

  const startPlanned = (plans: RunPlan[], choice?: PlaceChoice): RunSummary[] => {
    plans.forEach(checkPrecision)
    const place = choice && { name: choice.on, ...notHeardOf }
    const made = plans.map((plan) => ({
      plan,
      summary: { ...queuedSummary(plan, deps.nowMs()), ...(place ? { place } : {}) },
    }))
    store.insert(made)
    const runs = made.map(({ summary }) => summary)
    ;(choice ? elsewhere : here).start(runs, choice)
    return runs
  }

  const plan: Runs['plan'] = (study, members, engine, threads, { seeds = 1, systems, systemWeightBytes } = {}) => {
    const sorted = [...members].sort((a, b) => a.parameters - b.parameters || a.tokens - b.tokens)
    const cluster = systems === undefined ? undefined : { systems, ...(systemWeightBytes ? { systemWeightBytes } : {}) }
    const plans = sorted.flatMap((member) =>
      Array.from({ length: seeds }, (_, i) => {
        const recipe = { ...study.recipe, seed: (study.recipe.seed + i) % 2 ** 32 }
        return makeRunPlan({ ...study, recipe }, member, deps.newId(), engine, threads, cluster)
      }),
    )
    if (seeds === 1) return plans
    const key = ({ memberId, setting, seed }: RunSummary) => `${memberId} ${setting} ${seed}`
    const done = new Set(store.list(study.id).flatMap((run) => (run.state === 'finished' ? [key(run)] : [])))
    return plans.filter((plan) => !done.has(key(queuedSummary(plan, 0))))
  }

  return {
    list: store.list,
    read: store.read,
    plans: store.plans,
    start: (study, members, engine, threads, choices) => startPlanned(plan(study, members, engine, threads, choices)),
    plan,
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
      return placeOf(summary).resume(id, engine && store.setEngine(id, engine))
    },
    rescore: (ids) => {
      const summaries = ids.map((id) => store.read(id).summary)
      for (const { name, state, steps, checkpoints } of summaries) {
        if (state !== 'finished')
          throw new Fault('conflict', `${name} is ${state}; only a finished run is scored anew.`)
        if (!checkpoints.includes(steps))
          throw new Fault('not-found', `The last checkpoint of ${name} is not here any more; train it again instead.`)
      }
      // the weights are here, wherever they were trained
      return summaries.map(({ id }) => here.resume(id, { place: undefined }))
    },
    delete: async (id) => {
      await placeOf(store.read(id).summary).leave(id)
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
      if (!isTraining(summary) || !here.ask(id, { kill: part }))
        throw new Fault(
          'conflict',
          `${summary.name} is ${summary.state}; only a run that trains has processes to kill.`,
        )
    },
    records: (id, afterStep) => {
      placeOf(store.read(id).summary).flush(id)
      return store.records(id, afterStep)
    },
    curve: async (id, part) => {
      placeOf(store.read(id).summary).flush(id)
      return readCurve(store, id, part)
    },
    underWay: (studyId) => store.list(studyId).filter((run) => isUnderWay(run) || run.state === 'paused'),
    isTraining: () => here.current() !== null,
    begin: () => {
      const runs = store.list(null)
      here.begin(runs.filter((run) => !run.place))
      elsewhere.begin(runs.filter((run) => run.place))
    },
    close: async () => {
      await Promise.all([here.close(), elsewhere.close()])
      store.close()
    },
    deleted: store.listDeleted,
    forget: async (id) => {
      await deps.removeFiles(id)
      store.forget(id)
    },
  }
}
