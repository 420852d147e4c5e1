// The rows of every task: copies of a person's files, and what the hub gave, each looked through before it is kept.
import { basename, join } from 'node:path'
import { longestSilenceMs } from '#shared/bounds.ts'
import type { EvaluationTask, OwnTaskRecord, TaskFile, TaskFileRole } from '#shared/evaluation/evaluation.ts'
import type { HubSource, TaskRecord } from '#shared/evaluation/task.ts'
import { Fault, toFaultData } from '#shared/fault.ts'
import type { CheckTaskFileJob, TaskFileReport } from '#main/core/evaluation/check-file-job.ts'
import { findTask, tasks } from '#main/core/evaluation/tasks.ts'
import { madeItself, readsTexts } from '#main/core/evaluation/synthetic-tasks.ts'
import type { HubProgress } from '#main/platform/hub/fetch.ts'
import type { News } from '#main/lab/news.ts'
import { copyFile } from '#main/platform/disk/copies.ts'
import { fileBytes } from '#main/platform/disk/files.ts'
import { removeFolder } from '#main/platform/disk/folders.ts'
import { workToEnd } from '#main/platform/processes/host.ts'
import type { ForkWorker } from '#main/platform/processes/process.ts'
import type { EvaluationStore } from './evaluation-store.ts'
import { createOwnTasks } from './own-tasks.ts'
import { type FetchFromHub, fetchOfficial } from './hub-files.ts'

export interface TaskFilesDeps {
  store: Pick<EvaluationStore, 'files' | 'ownTasks' | 'putFile' | 'dropFile'>
  news: Pick<News, 'tell'>
  fork: ForkWorker
  nowMs: () => number
  /** Below it everything is kept. */
  folder: string
  fetchFromHub: FetchFromHub
  closing: AbortSignal
}

export interface TaskFiles {
  list(): EvaluationTask[]
  read(task: string): EvaluationTask
  /**
   * Copies a file of rows in place of the last one of its role. A row that is none is a Fault with file, line and
   * field.
   */
  add(task: string, role: TaskFileRole, path: string): Promise<EvaluationTask>
  remove(task: string, role: TaskFileRole): Promise<EvaluationTask>
  /** Takes a task of a person's own from its file; the same content again is the same task. */
  addOwn(path: string): Promise<EvaluationTask>
  /** Lets go of one; its results stay. */
  removeOwn(task: string): Promise<void>
  /** What a worker cannot know by name alone. */
  own(task: string): OwnTaskRecord | null
  /**
   * Brings the official rows from the hub; resolves when they are here. A second call waits for the first; who is
   * aborted leaves, and the last to leave stops it.
   */
  fetch(task: string, signal?: AbortSignal): Promise<EvaluationTask>
  /** The same without waiting; how it ends is told. */
  startFetching(task: string): EvaluationTask
  stopFetching(task: string): Promise<EvaluationTask>
}

/** Rows on their way, and how many wait for them. */
interface Fetching {
  progress: EvaluationTask['fetching']
  stopping: AbortController
  ended: Promise<void>
  waiting: number
}

export function createTaskFiles(deps: TaskFilesDeps): TaskFiles {
  const { store, news, fork, closing } = deps
  const fetching = new Map<string, Fetching>()
  const messages = new Map<string, string>()
  const own = createOwnTasks({ ...deps, folder: join(deps.folder, 'own') })
  const recordOf = (name: string): TaskRecord => own.find(name)?.own.record ?? findTask(name)

  const describe = ({ forms: _forms, harnessDrawsOneMore: _draws, name, ...record }: TaskRecord): EvaluationTask => ({
    name,
    ...record,
    isMade: madeItself(name),
    ...(own.find(name) ? { isOwn: true } : {}),
    canReadSplit: readsTexts(name),
    files: store.files(name),
    fetching: fetching.get(name)?.progress ?? null,
    message: messages.get(name) ?? null,
  })
  const tell = (name: string): EvaluationTask => {
    const task = describe(recordOf(name))
    news.tell('task', task)
    return task
  }
  const countRows = async (task: string, paths: string[], signal: AbortSignal): Promise<number> => {
    const job: CheckTaskFileJob = { kind: 'check-task-file', task, paths }
    return (await workToEnd<never, TaskFileReport>(fork, job, { signal, silenceMs: longestSilenceMs })).rows
  }

  async function bring(
    task: TaskRecord,
    hub: HubSource,
    signal: AbortSignal,
    tellProgress: (progress: HubProgress) => void,
  ): Promise<void> {
    const found = await fetchOfficial(hub, join(deps.folder, 'hub'), deps.fetchFromHub, signal, tellProgress)
    for (const [role, split] of [
      ['items', hub.split],
      ['shots', hub.shotsSplit],
    ] as const) {
      const paths = found[role]
      if (paths.length === 0) continue
      const bytes = (await Promise.all(paths.map(fileBytes))).reduce((sum, one) => sum + one, 0)
      const rows = await countRows(task.name, paths, signal)
      store.putFile(task.name, {
        role,
        name: `${hub.dataset}, ${split}`,
        paths,
        source: 'hub',
        rows,
        bytes,
        addedMs: deps.nowMs(),
      })
    }
  }

  const fetch = async (name: string, signal?: AbortSignal): Promise<EvaluationTask> => {
    if (signal?.aborted) throw new Fault('cancelled', 'Cancelled before it began.')
    const task = findTask(name)
    const { hub } = task
    if (hub === null) throw new Fault('bad-input', `${task.title} has no rows on the hub. Add a file of your own.`)
    let mine = fetching.get(name)
    if (!mine) {
      const stopping = new AbortController()
      const stop = () => stopping.abort()
      closing.addEventListener('abort', stop, { once: true })
      messages.delete(name)
      let toldMs = 0
      const entry: Fetching = {
        progress: { doneBytes: 0, totalBytes: null },
        stopping,
        ended: Promise.resolve(),
        waiting: 0,
      }
      fetching.set(name, entry)
      tell(name)
      entry.ended = bring(task, hub, stopping.signal, ({ doneBytes, totalBytes }) => {
        entry.progress = { doneBytes, totalBytes }
        if (deps.nowMs() - toldMs < 200) return
        toldMs = deps.nowMs()
        tell(name)
      })
        .catch((error) => {
          if (!stopping.signal.aborted) messages.set(name, toFaultData(error).message)
          throw error
        })
        .finally(() => {
          closing.removeEventListener('abort', stop)
          fetching.delete(name)
          if (!closing.aborted) tell(name)
        })
      mine = entry
    }
    await waitFor(mine, signal)
    return describe(task)
  }

  return {
    list: () => [...tasks, ...own.list().map((one) => one.own.record)].map(describe),
    read: (name) => describe(recordOf(name)),
    addOwn: async (path) => tell(await own.add(path)),
    removeOwn: async (name) => {
      const found = own.find(name)
      if (!found) throw new Fault('not-found', `There is no task of your own called "${name}".`)
      await own.remove(found.own.record.name)
      news.tell('taskRemoved', { task: found.own.record.name })
    },
    own: (name) => own.find(name)?.own ?? null,
    add: async (name, role, path) => {
      const task = findTask(name)
      if (role === 'shots' && task.kind === 'text') throw new Fault('bad-input', `${task.title} has no examples.`)
      const rows = await countRows(name, [path], closing)
      const target = join(deps.folder, name, role, basename(path))
      await removeFolder(join(deps.folder, name, role))
      await copyFile(path, target)
      const file: TaskFile = {
        role,
        name: basename(path),
        paths: [target],
        source: 'file',
        rows,
        bytes: await fileBytes(target),
        addedMs: deps.nowMs(),
      }
      store.putFile(name, file)
      messages.delete(name)
      return tell(name)
    },
    remove: async (name, role) => {
      findTask(name)
      store.dropFile(name, role)
      await removeFolder(join(deps.folder, name, role))
      return tell(name)
    },
    fetch,
    startFetching: (name) => {
      const { title, hub } = findTask(name)
      if (hub === null) throw new Fault('bad-input', `${title} has no rows on the hub. Add a file of your own.`)
      fetch(name).catch(() => undefined) // its message says why
      return describe(findTask(name))
    },
    stopFetching: async (name) => {
      const mine = fetching.get(name)
      mine?.stopping.abort()
      await mine?.ended.catch(() => undefined)
      return describe(findTask(name))
    },
  }
}

/** Until the rows are here. One that is aborted leaves the others to theirs; the last one ends it. */
async function waitFor(fetching: Fetching, signal?: AbortSignal): Promise<void> {
  fetching.waiting++
  let leave = () => {}
  const left = new Promise<never>((_, reject) => {
    leave = () => {
      if (--fetching.waiting === 0) fetching.stopping.abort()
      else reject(new Fault('cancelled', 'Cancelled; the rows go on coming for others.'))
    }
  })
  signal?.addEventListener('abort', leave, { once: true })
  try {
    await Promise.race([fetching.ended, left])
  } finally {
    signal?.removeEventListener('abort', leave)
  }
}
