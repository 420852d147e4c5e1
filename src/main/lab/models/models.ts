// Models made elsewhere: taken over one at a time in a worker, kept with what is known of them, told while it lasts.
import { basename } from 'node:path'
import { Fault } from '#shared/fault.ts'
import type { ImportedModel, ModelOrigin } from '#shared/model.ts'
import { isUnderWay } from '#shared/task-state.ts'
import type { News } from '#main/lab/news.ts'
import { createTaskQueue } from '#main/lab/task-queue.ts'
import type { Database } from '#main/platform/disk/database.ts'
import { workToEnd } from '#main/platform/processes/host.ts'
import type { ForkWorker } from '#main/platform/processes/process.ts'
import { createModelStore } from './model-store.ts'
import type { TakeModelJob, TakeModelRecord, TakenModel } from '#main/core/model-formats/take-job.ts'

export interface ModelsDeps {
  db: Database
  news: Pick<News, 'tell'>
  fork: ForkWorker
  nowMs: () => number
  newId: () => string
  folderOf: (modelId: string) => string
  hubFolder: string
  removeFiles: (modelId: string) => Promise<void>
  /** Lets go of files that were sent for a model, once they are in it. */
  forgetUploads: (paths: readonly string[]) => Promise<void>
  /** Names of runs that have yet to begin from a model. */
  awaitedBy: (modelId: string) => string[]
}

export interface Models {
  /** What the last session left in the middle can be asked for again. */
  begin(): void
  list(): ImportedModel[]
  /** Throws `not-found` where it is not, or is deleted. */
  read(id: string): ImportedModel
  /** One that can be used; a Fault says why it cannot be. */
  ready(id: string): ImportedModel
  folderOf(id: string): string
  start(origin: ModelOrigin, name: string | null): ImportedModel
  cancel(id: string): Promise<ImportedModel>
  delete(id: string): Promise<void>
  restore(id: string): ImportedModel
  close(): Promise<void>
  deleted(): { record: ImportedModel; deletedMs: number }[]
  /** For good, with its files. */
  forget(id: string): Promise<void>
}

const wasClosed = 'The lab was closed while it was imported. Import it again to go on.'

export function createModels(deps: ModelsDeps): Models {
  const { news, nowMs } = deps
  const store = createModelStore(deps.db)
  const queue = createTaskQueue<ImportedModel>({
    idOf: ({ id }) => id,
    store,
    tell: (model) => news.tell('model', model),
    atStart: { progress: null },
    atEnd: () => ({ progress: null }),
    work: async (task) => {
      const { id, name, origin } = task.record
      const job: TakeModelJob = {
        kind: 'take-model',
        origin,
        name,
        to: deps.folderOf(id),
        hubFolder: deps.hubFolder,
        gatherFolder: `${deps.folderOf(id)}-files`,
      }
      const onRecord = (progress: TakeModelRecord) =>
        progress.phase === task.record.progress?.phase ? task.progress({ progress }) : void task.change({ progress })
      const {
        tokenizer: { kind, vocabulary },
        ...taken
      } = await workToEnd<TakeModelRecord, TakenModel>(deps.fork, job, { signal: task.signal, graceMs: 2000, onRecord })
      // they would only take room
      if (origin.kind === 'files') await deps.forgetUploads(origin.paths).catch(() => undefined)
      return { ...taken, tokenizer: kind === 'model' ? { kind, modelId: id, vocabulary } : { kind } }
    },
  })

  return {
    begin: () => queue.interrupt(store.list(), () => wasClosed),
    list: store.list,
    read: store.read,
    ready: (id) => {
      const model = store.read(id)
      if (model.state !== 'finished')
        throw new Fault(
          'conflict',
          isUnderWay(model)
            ? `${model.name} is still being imported.`
            : `${model.name} was not imported: ${model.message ?? 'it was cancelled.'}`,
        )
      return model
    },
    folderOf: deps.folderOf,
    start: (origin, name) => {
      return queue.add({
        id: deps.newId(),
        name: name ?? nameOf(origin),
        origin,
        state: 'queued',
        plan: null,
        parameters: null,
        bytes: 0,
        dtypes: [],
        tokenizer: null,
        licence: null,
        progress: null,
        message: null,
        createdMs: nowMs(),
      })
    },
    cancel: async (id) => {
      const model = store.read(id)
      return isUnderWay(model) || model.state === 'paused' ? queue.end(id, 'cancelled') : model
    },
    delete: async (id) => {
      const { name } = store.read(id)
      const runs = deps.awaitedBy(id)
      if (runs.length > 0)
        throw new Fault(
          'conflict',
          `${name} is what ${runs.join(', ')} will begin from. Let that begin, or delete it first.`,
        )
      await queue.leave(id)
      store.setDeleted(id, nowMs())
      news.tell('modelDeleted', { modelId: id })
    },
    restore: (id) => {
      store.setDeleted(id, null)
      const model = store.read(id)
      news.tell('model', model)
      return model
    },
    close: async () => {
      await queue.close(() => wasClosed)
      store.close()
    },
    deleted: store.listDeleted,
    forget: async (id) => {
      await deps.removeFiles(id)
      store.forget(id)
    },
  }
}

function nameOf(origin: ModelOrigin): string {
  if (origin.kind === 'hub') return origin.repo.replace(/\/+$/, '').split('/').pop() || origin.repo
  return origin.kind === 'folder' ? basename(origin.path) || origin.path : 'Imported files'
}
