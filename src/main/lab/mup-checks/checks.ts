// The muP checks of the studies: started one at a time in a worker, kept with what they found, told while they last.
import type { Check, CheckChoices, CheckKind, CheckPlan, CheckRecord } from '#shared/mup/check.ts'
import { Fault } from '#shared/fault.ts'
import { isUnderWay } from '#shared/task-state.ts'
import type { News } from '#main/lab/news.ts'
import { createTaskQueue } from '#main/lab/task-queue.ts'
import type { Database } from '#main/platform/disk/database.ts'
import { workToEnd } from '#main/platform/processes/host.ts'
import type { ForkWorker } from '#main/platform/processes/process.ts'
import { createCheckStore } from './check-store.ts'

export interface ChecksDeps {
  db: Database
  news: Pick<News, 'tell'>
  fork: ForkWorker
  nowMs: () => number
  newId: () => string
  /** Works out a study's check; throws a Fault where it cannot be. */
  plan: (studyId: string, kind: CheckKind, changes: Partial<CheckChoices>) => Promise<CheckPlan>
  /** Waits for the study's tokens and returns their folder. */
  prepare: (studyId: string, tell: (message: string) => void, signal: AbortSignal) => Promise<string>
}

export interface Checks {
  /** What the last session left in the middle ended with it. */
  begin(): void
  /** Newest last. */
  list(studyId: string | null): Check[]
  start(studyId: string, kind: CheckKind, changes: Partial<CheckChoices>): Promise<Check>
  stop(checkId: string): Promise<Check>
  /** Forgets the checks of studies that are gone. */
  purge(): void
  close(): Promise<void>
}

export function createChecks(deps: ChecksDeps): Checks {
  const { news, nowMs } = deps
  const store = createCheckStore(deps.db)
  /** Worked out when it is asked for; kept until it has ended. */
  const plans = new Map<string, CheckPlan>()
  const queue = createTaskQueue<Check>({
    idOf: ({ id }) => id,
    store,
    tell: (check) => news.tell('check', check),
    isProgressKept: true,
    atStart: { coordinates: [], transfer: [], share: 0, finishedMs: null },
    atEnd: () => ({ secondsLeft: null, finishedMs: nowMs() }),
    work: async (task) => {
      const { id, studyId } = task.record
      const tokensFolder = await deps.prepare(studyId, (message) => task.change({ message }), task.signal)
      task.change({ message: null })
      const startedMs = nowMs()
      const onRecord = (record: CheckRecord) => {
        const { coordinates, transfer } = task.record
        const { share } = record
        const secondsLeft = share > 0 ? ((nowMs() - startedMs) / 1000) * (1 / share - 1) : null
        task.progress({
          share,
          secondsLeft,
          ...(record.kind === 'coordinates' ? { coordinates: [...coordinates, ...record.points] } : {}),
          ...(record.kind === 'transfer' ? { transfer: [...transfer, record.point] } : {}),
        })
      }
      const job = { kind: 'check', plan: plans.get(id), tokensFolder }
      await workToEnd<CheckRecord>(deps.fork, job, { signal: task.signal, graceMs: 2000, onRecord })
      if (task.signal.aborted) throw new Fault('cancelled', 'Cancelled.')
      plans.delete(id)
      return { share: 1 }
    },
  })

  return {
    begin: () => queue.interrupt(store.list(null)),
    list: store.list,
    start: async (studyId, kind, changes) => {
      const plan = await deps.plan(studyId, kind, changes)
      // Asked after the wait, so that two requests at once make one check.
      const same = store.list(studyId).find((check) => check.kind === kind && isUnderWay(check))
      if (same) throw new Fault('conflict', 'This check is under way already. Cancel it to start it anew.')
      const { widths, layers, steps, learningRates, seeds } = plan
      const id = deps.newId()
      plans.set(id, plan)
      return queue.add({
        id,
        studyId,
        kind,
        state: 'queued',
        choices: { widths, layers, steps, learningRates, ...(seeds === undefined ? {} : { seeds }) },
        engine: plan.engine,
        coordinates: [],
        transfer: [],
        share: 0,
        secondsLeft: null,
        message: null,
        code: null,
        createdMs: nowMs(),
        finishedMs: null,
      })
    },
    stop: async (checkId) => {
      const check = store.read(checkId)
      plans.delete(checkId)
      return isUnderWay(check) || check.state === 'paused' ? queue.end(checkId, 'cancelled') : check
    },
    purge: store.purge,
    close: async () => {
      await queue.close()
      store.close()
    },
  }
}
