// The library's models: taken over one at a time in a worker, kept with what is known of them, told while it lasts.
import { basename } from 'node:path'
import { Fault, toFaultData } from '#shared/fault.ts'
import type { LibraryModel, ModelOrigin } from '#shared/model.ts'
import { isUnderWay } from '#shared/task-state.ts'
import type { News } from '#main/lab/news.ts'
import type { Database } from '#main/platform/disk/database.ts'
import { workToEnd } from '#main/platform/processes/host.ts'
import { createLine } from '#main/platform/processes/line.ts'
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
  list(): LibraryModel[]
  /** Throws `not-found` where it is not, or is deleted. */
  read(id: string): LibraryModel
  /** One that can be used; a Fault says why it cannot be. */
  ready(id: string): LibraryModel
  folderOf(id: string): string
  start(origin: ModelOrigin, name: string | null): LibraryModel
  cancel(id: string): Promise<LibraryModel>
  delete(id: string): Promise<void>
  restore(id: string): LibraryModel
  close(): Promise<void>
  purge(): Promise<void>
}

const tellEveryMs = 200

export function createModels(deps: ModelsDeps): Models {
  const { news, nowMs } = deps
  const store = createModelStore(deps.db)
  const line = createLine()
  const going = new Map<string, { stopping: AbortController; ended: Promise<void> }>()

  const keep = (model: LibraryModel): LibraryModel => {
    store.write(model)
    news.tell('model', model)
    return model
  }
  // What a session left in the middle can be asked for again.
  for (const model of store.list().filter(isUnderWay))
    store.write({
      ...model,
      state: 'cancelled',
      progress: null,
      message: 'The lab was closed while it was imported. Import it again to go on.',
    })

  const take = async (begun: LibraryModel, signal: AbortSignal): Promise<void> => {
    if (signal.aborted) return // cancelled while it waited, which is written down already
    let model = begun
    try {
      model = keep({ ...model, state: 'running', progress: null })
      let toldMs = 0
      const onRecord = (progress: TakeModelRecord) => {
        const now = nowMs()
        if (now - toldMs < tellEveryMs && progress.phase === model.progress?.phase) return
        toldMs = now
        model = { ...model, progress }
        news.tell('model', model)
      }
      const job: TakeModelJob = {
        kind: 'take-model',
        origin: model.origin,
        name: model.name,
        to: deps.folderOf(model.id),
        hubFolder: deps.hubFolder,
        gatherFolder: `${deps.folderOf(model.id)}-files`,
      }
      const {
        tokenizer: { kind, vocabulary },
        ...taken
      } = await workToEnd<TakeModelRecord, TakenModel>(deps.fork, job, { signal, graceMs: 2000, onRecord })
      const tokenizer = kind === 'model' ? { kind, modelId: model.id, vocabulary } : { kind }
      keep({ ...model, ...taken, tokenizer, state: 'finished', progress: null })
      // they would only take room
      if (model.origin.kind === 'files') await deps.forgetUploads(model.origin.paths).catch(() => undefined)
    } catch (error) {
      const { message } = toFaultData(error)
      keep({
        ...model,
        progress: null,
        ...(signal.aborted ? { state: 'cancelled', message: null } : { state: 'failed', message }),
      })
    }
  }

  const stop = async (id: string): Promise<void> => {
    const mine = going.get(id)
    mine?.stopping.abort()
    if (store.read(id).state === 'queued') keep({ ...store.read(id), state: 'cancelled', progress: null })
    else await mine?.ended
  }

  return {
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
      const model = keep({
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
      const stopping = new AbortController()
      const ended = line.add(() => take(model, stopping.signal)).finally(() => going.delete(model.id))
      going.set(model.id, { stopping, ended })
      return model
    },
    cancel: async (id) => {
      store.read(id)
      await stop(id)
      return store.read(id)
    },
    delete: async (id) => {
      const { name } = store.read(id)
      const runs = deps.awaitedBy(id)
      if (runs.length > 0)
        throw new Fault(
          'conflict',
          `${name} is what ${runs.join(', ')} will begin from. Let that begin, or delete it first.`,
        )
      await stop(id)
      store.setDeleted(id, true)
      news.tell('modelDeleted', { modelId: id })
    },
    restore: (id) => {
      store.setDeleted(id, false)
      const model = store.read(id)
      news.tell('model', model)
      return model
    },
    close: async () => {
      for (const { stopping } of going.values()) stopping.abort()
      await line.idle()
    },
    purge: async () => {
      for (const id of store.listDeleted()) {
        await deps.removeFiles(id)
        store.forget(id)
      }
    },
  }
}

function nameOf(origin: ModelOrigin): string {
  if (origin.kind === 'hub') return origin.repo.replace(/\/+$/, '').split('/').pop() || origin.repo
  return origin.kind === 'folder' ? basename(origin.path) || origin.path : 'Imported files'
}
