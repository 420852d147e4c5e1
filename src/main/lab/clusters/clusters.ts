// The cluster room as its host holds it: machines and models, searches in a worker, and how good the cost model is.
import { Fault, toFaultData } from '#shared/fault.ts'
import type { ClusterCatalogue, MachineEntry } from '#shared/cluster/catalogue.ts'
import { readMachine } from '#shared/cluster/machine.ts'
import type { PlanSearch, PlanSearchWish } from '#shared/cluster/plan-search.ts'
import { gpuPlanDefaults, readGpuPlan } from '#shared/cluster/plan.ts'
import { readModel } from '#shared/cluster/transformer.ts'
import type { ValidationReport } from '#shared/cluster/validation.ts'
import type { News } from '#main/lab/news.ts'
import { workToEnd } from '#main/platform/processes/host.ts'
import type { ForkWorker } from '#main/platform/processes/process.ts'
import { machines, models } from '#shared/cluster/presets.ts'
import { createOwnMachines } from './own-machines.ts'
import type { SearchRecord } from '#main/core/cluster-validation/search-job.ts'

export interface ClustersDeps {
  /** Where own machines are kept. */
  folder: string
  news: Pick<News, 'tell'>
  fork: ForkWorker
  nowMs: () => number
  newId: () => string
}

export interface Clusters {
  catalogue(): Promise<ClusterCatalogue>
  saveMachine(given: unknown): Promise<MachineEntry>
  deleteMachine(id: string): Promise<void>
  /** Returns at once; news says how it goes. A search under way is stopped first: the person has changed their mind. */
  startSearch(wish: PlanSearchWish): Promise<PlanSearch>
  stopSearch(id: string): Promise<PlanSearch>
  validation(): Promise<ValidationReport>
  close(): Promise<void>
}

/** News hear of progress this often. */
const tellEveryMs = 100

export function createClusters({ folder, news, fork, nowMs, newId }: ClustersDeps): Clusters {
  const own = createOwnMachines(folder)
  let current: { search: PlanSearch; stopping: AbortController; ended: Promise<void> } | null = null

  const stop = async (): Promise<void> => {
    if (current?.search.state !== 'running') return
    current.stopping.abort()
    await current.ended
  }

  async function run(mine: NonNullable<typeof current>, job: object): Promise<void> {
    const startedMs = nowMs()
    const tell = (changes: Partial<PlanSearch>) =>
      news.tell('planSearch', (mine.search = { ...mine.search, ...changes, elapsedMs: nowMs() - startedMs }))
    let toldMs = startedMs
    try {
      await workToEnd<SearchRecord>(fork, job, {
        signal: mine.stopping.signal,
        graceMs: 1000,
        onRecord: (record) => {
          if (record.kind === 'result')
            return void tell({ state: 'finished', share: 1, evaluated: record.result.evaluated, result: record.result })
          if (nowMs() - toldMs < tellEveryMs) return
          toldMs = nowMs()
          tell({ evaluated: record.evaluated, share: record.share })
        },
      })
      if (mine.search.state === 'running') tell({ state: 'cancelled' })
    } catch (error) {
      const { code, message } = toFaultData(error)
      tell(mine.stopping.signal.aborted ? { state: 'cancelled' } : { state: 'failed', code, message })
    }
  }

  return {
    catalogue: async () => {
      const { machines: added, problems } = await own.list()
      return {
        machines: [...machines.map((machine) => ({ machine, isOwn: false })), ...added],
        models: [...models],
        problems,
      }
    },
    saveMachine: own.save,
    deleteMachine: own.remove,
    startSearch: async (wish) => {
      const model = readModel(wish.model)
      const machine = readMachine(wish.machine)
      if (machine.kind !== 'gpu')
        throw new Fault(
          'bad-input',
          `${machine.name} streams weights, which leaves nothing to search: its plan is a number of systems and a batch.`,
        )
      // The plan's own reader refuses what no plan has.
      readGpuPlan({ ...gpuPlanDefaults, ...wish.request.base, devices: 1, batch: 1 })
      await stop()
      const search: PlanSearch = {
        id: newId(),
        modelName: model.name,
        machineName: machine.name,
        request: wish.request,
        state: 'running',
        evaluated: 0,
        share: 0,
        elapsedMs: 0,
        result: null,
        message: null,
        code: null,
      }
      const mine = { search, stopping: new AbortController(), ended: Promise.resolve() }
      current = mine
      mine.ended = run(mine, { kind: 'search-plans', model, machine, request: wish.request })
      return search
    },
    stopSearch: async (id) => {
      if (current?.search.id !== id) throw new Fault('not-found', 'There is no such search.')
      await stop()
      return current.search
    },
    validation: async () => (await import('#main/core/cluster-validation/report.ts')).validationReport(),
    close: stop,
  }
}
