// The muP checks of the studies: started one at a time in a worker, kept with what they found, told while they last.
import type { Check, CheckChoices, CheckKind, CheckPlan, CheckRecord } from '#shared/mup/check.ts'
import { Fault, toFaultData } from '#shared/fault.ts'
import { isUnderWay } from '#shared/task-state.ts'
import type { News } from '#main/lab/news.ts'
import type { Database } from '#main/platform/disk/database.ts'
import { workToEnd } from '#main/platform/processes/host.ts'
import { createLine } from '#main/platform/processes/line.ts'
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
  /** Newest last. */
  list(studyId: string | null): Check[]
  start(studyId: string, kind: CheckKind, changes: Partial<CheckChoices>): Promise<Check>
  stop(checkId: string): Promise<Check>
  /** Forgets the checks of studies that are gone. */
  purge(): void
  close(): Promise<void>
}

/** News and the store hear of progress this often. */
const tellEveryMs = 250

export function createChecks(deps: ChecksDeps): Checks {
  const { news, nowMs } = deps
  const store = createCheckStore(deps.db)
  const line = createLine()
  const going = new Map<string, { stopping: AbortController; ended: Promise<void> }>()
  let isClosing = false

  // What a session left in the middle ended with it.
  for (const check of store.list(null).filter(isUnderWay))
    store.write({ ...check, state: 'interrupted', secondsLeft: null, message: null, finishedMs: nowMs() })

  const keep = (check: Check): Check => {
    store.write(check)
    news.tell('check', check)
    return check
  }

  async function run(begun: Check, plan: CheckPlan, signal: AbortSignal): Promise<void> {
    let check = begun
    const end = (state: Check['state'], more: Partial<Check> = {}) =>
      void keep({ ...check, state, secondsLeft: null, message: null, ...more, finishedMs: nowMs() })
    try {
      if (signal.aborted) throw new Fault('cancelled', 'Cancelled.')
      const tell = (message: string) => (check = keep({ ...check, message }))
      const tokensFolder = await deps.prepare(check.studyId, tell, signal)
      check = keep({ ...check, state: 'running', message: null })
      const startedMs = nowMs()
      let toldMs = startedMs
      const onRecord = (record: CheckRecord) => {
        const now = nowMs()
        const secondsLeft = record.share > 0 ? ((now - startedMs) / 1000) * (1 / record.share - 1) : null
        check = { ...check, share: record.share, secondsLeft }
        if (record.kind === 'coordinates') check = { ...check, coordinates: [...check.coordinates, ...record.points] }
        if (record.kind === 'transfer') check = { ...check, transfer: [...check.transfer, record.point] }
        if (now - toldMs < tellEveryMs) return
        toldMs = now
        keep(check)
      }
      await workToEnd<CheckRecord>(
        deps.fork,
        { kind: 'check', plan, tokensFolder },
        { signal, graceMs: 2000, onRecord },
      )
      if (signal.aborted) throw new Fault('cancelled', 'Cancelled.')
      end('finished', { share: 1 })
    } catch (error) {
      const { code, message } = toFaultData(error)
      if (signal.aborted) end(isClosing ? 'interrupted' : 'cancelled')
      else end('failed', { code, message })
    }
  }

  return {
    list: store.list,
    start: async (studyId, kind, changes) => {
      const plan = await deps.plan(studyId, kind, changes)
      // Asked after the wait, so that two wishes at once make one check.
      const same = store.list(studyId).find((check) => check.kind === kind && isUnderWay(check))
      if (same) throw new Fault('conflict', 'This check is under way already. Cancel it to start it anew.')
      const { widths, layers, steps, learningRates } = plan
      const check = keep({
        id: deps.newId(),
        studyId,
        kind,
        state: 'queued',
        choices: { widths, layers, steps, learningRates },
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
      const stopping = new AbortController()
      const ended = line.add(() => run(check, plan, stopping.signal)).finally(() => going.delete(check.id))
      going.set(check.id, { stopping, ended })
      return check
    },
    stop: async (checkId) => {
      const check = store.read(checkId)
      const mine = going.get(checkId)
      if (!mine) return check // it has ended meanwhile, which is what was wished
      mine.stopping.abort()
      // One that waits in line would only hear of it when its turn comes.
      if (check.state === 'queued')
        return keep({ ...store.read(checkId), state: 'cancelled', message: null, finishedMs: nowMs() })
      await mine.ended
      return store.read(checkId)
    },
    purge: store.purge,
    close: async () => {
      isClosing = true
      for (const { stopping } of going.values()) stopping.abort()
      await line.idle()
    },
  }
}
