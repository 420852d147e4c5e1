// Clusters as the lab's host holds them: machines and models, searches in a worker, and how good the cost model is.
import { Fault } from '#shared/fault.ts'
import type { ClusterCatalogue, MachineEntry } from '#shared/cluster/catalogue.ts'
import { readMachine } from '#shared/cluster/machine.ts'
import type { PlanSearch, PlanSearchChoices } from '#shared/cluster/plan-search.ts'
import { gpuPlanDefaults, readGpuPlan } from '#shared/cluster/plan.ts'
import { isUnderWay } from '#shared/task-state.ts'
import { readModel } from '#shared/cluster/transformer.ts'
import type { ValidationReport } from '#shared/cluster/validation.ts'
import type { News } from '#main/lab/news.ts'
import { createTaskQueue } from '#main/lab/task-queue.ts'
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
  startSearch(choices: PlanSearchChoices): Promise<PlanSearch>
  stopSearch(id: string): Promise<PlanSearch>
  validation(): Promise<ValidationReport>
  close(): Promise<void>
}

export function createClusters({ folder, news, fork, nowMs, newId }: ClustersDeps): Clusters {
  const own = createOwnMachines(folder)
  /** The last one asked for; it is not written down anywhere. */
  let last: { search: PlanSearch; job: object } | null = null
  const read = (id: string): PlanSearch => {
    if (last?.search.id !== id) throw new Fault('not-found', 'There is no such search.')
    return last.search
  }
  const keep = (search: PlanSearch): void => {
    if (last?.search.id === search.id) last.search = search
  }
  const queue = createTaskQueue<PlanSearch>({
    idOf: ({ id }) => id,
    store: { read, keep, write: keep },
    tell: (search) => news.tell('planSearch', search),
    tellEveryMs: 100,
    work: async (task) => {
      const startedMs = nowMs()
      let end: Partial<PlanSearch> = {}
      const elapsed = () => ({ elapsedMs: nowMs() - startedMs })
      const onRecord = (record: SearchRecord) => {
        if (record.kind === 'result') end = { share: 1, evaluated: record.result.evaluated, result: record.result }
        else task.progress({ evaluated: record.evaluated, share: record.share, ...elapsed() })
      }
      await workToEnd<SearchRecord>(fork, last!.job, { signal: task.signal, graceMs: 1000, onRecord })
      if (!end.result) throw new Fault('cancelled', 'Cancelled.')
      return { ...end, ...elapsed() }
    },
  })
  const stop = async (): Promise<void> => {
    if (last && isUnderWay(last.search)) await queue.end(last.search.id, 'cancelled')
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
    startSearch: async (choices) => {
      const model = readModel(choices.model)
      const machine = readMachine(choices.machine)
      if (machine.kind !== 'gpu')
        throw new Fault(
          'bad-input',
          `${machine.name} streams weights, which leaves nothing to search: its plan is a number of systems and a batch.`,
        )
      // The plan's own reader refuses what no plan has.
      readGpuPlan({ ...gpuPlanDefaults, ...choices.request.base, devices: 1, batch: 1 })
      await stop()
      const search: PlanSearch = {
        id: newId(),
        modelName: model.name,
        machineName: machine.name,
        request: choices.request,
        state: 'queued',
        evaluated: 0,
        share: 0,
        elapsedMs: 0,
        result: null,
        message: null,
        code: null,
      }
      last = { search, job: { kind: 'search-plans', model, machine, request: choices.request } }
      return queue.add(search)
    },
    stopSearch: async (id) => {
      read(id)
      await stop()
      return read(id)
    },
    validation: async () => (await import('#main/core/cluster-validation/report.ts')).validationReport(),
    close: stop,
  }
}
