// Tasks of a person's own, each by its content: read and kept when added, asked like those that ship.
import { basename, join } from 'node:path'
import { longestSilenceMs } from '#shared/bounds.ts'
import type { OwnTaskFile } from '#shared/evaluation/evaluation.ts'
import type { OwnTaskJob, OwnTaskReport } from '#main/core/evaluation/own-task-job.ts'
import { removeFolder } from '#main/platform/disk/folders.ts'
import { workToEnd } from '#main/platform/processes/host.ts'
import type { ForkWorker } from '#main/platform/processes/process.ts'
import type { EvaluationStore } from './evaluation-store.ts'

export interface OwnTasksDeps {
  store: Pick<EvaluationStore, 'ownTasks' | 'putFile' | 'dropFile'>
  fork: ForkWorker
  nowMs: () => number
  folder: string
  closing: AbortSignal
}

export function createOwnTasks({ store, fork, nowMs, folder, closing }: OwnTasksDeps) {
  return {
    /** Oldest first. */
    list: (): OwnTaskFile[] => store.ownTasks(),
    /** By its name with or without the hash; of several contents under one name the newest. */
    find: (name: string): OwnTaskFile | null =>
      store
        .ownTasks()
        .reverse()
        .find(({ own: { record } }) => record.name === name || record.name.replace(/\.[0-9a-f]{8}$/, '') === name) ??
      null,
    /** Reads a file and keeps its rows; the same content again is the same task. Gives the task's name. */
    async add(path: string): Promise<string> {
      const job: OwnTaskJob = { kind: 'own-task', path, folder }
      const {
        record,
        shots,
        path: rowsPath,
        rows,
        bytes,
      } = await workToEnd<never, OwnTaskReport>(fork, job, { signal: closing, silenceMs: longestSilenceMs })
      store.putFile(record.name, {
        role: 'items',
        name: basename(path),
        paths: [rowsPath],
        source: 'file',
        rows,
        bytes,
        addedMs: nowMs(),
        own: { record, shots },
      })
      return record.name
    },
    /** Its results stay. */
    async remove(name: string): Promise<void> {
      store.dropFile(name, 'items')
      await removeFolder(join(folder, name))
    },
  }
}
