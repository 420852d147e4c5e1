// What each room of the lab has deleted, what of it lies on disk, and how it is forgotten.
import { join } from 'node:path'
import type { Corpora } from '#main/lab/corpora/corpora.ts'
import type { TokenizedCorpora } from '#main/lab/corpora/tokenized.ts'
import type { Evaluations } from '#main/lab/evaluations/evaluations.ts'
import type { Models } from '#main/lab/models/models.ts'
import type { Runs } from '#main/lab/runs/runs.ts'
import type { RunStore } from '#main/lab/runs/run-store.ts'
import type { StudyStore } from '#main/lab/studies/study-store.ts'
import { createTrash, type DeletedRoom, type Trash, type TrashDeps } from './trash.ts'

export interface RoomsOfTrash {
  studyStore: StudyStore
  runStore: Pick<RunStore, 'everyIdOf'>
  runs: Pick<Runs, 'deleted' | 'forget'>
  corpora: Pick<Corpora, 'deleted' | 'forget'>
  tokenized: Pick<TokenizedCorpora, 'foldersOf'>
  models: Pick<Models, 'deleted' | 'forget' | 'folderOf'>
  evaluations: Pick<Evaluations, 'deleted' | 'forget'>
}

export function composeTrash(
  deps: Omit<TrashDeps, 'rooms'> & { home: string },
  { studyStore, runStore, runs, corpora, tokenized, models, evaluations }: RoomsOfTrash,
): Trash {
  const { home } = deps
  const runFolder = (id: string) => join(home, 'runs', id)
  const studyName = (id: string) => studyStore.list().find((study) => study.id === id)?.name ?? null
  return createTrash({
    ...deps,
    rooms: {
      study: {
        deleted: () =>
          listed(studyStore.listDeleted(), ({ id, name }) => ({
            ...{ id, name, of: null },
            folders: runStore.everyIdOf(id).map(runFolder),
          })),
        forget: async (id) => {
          for (const runId of runStore.everyIdOf(id)) await runs.forget(runId)
          studyStore.forget(id)
        },
      },
      run: {
        deleted: () =>
          listed(runs.deleted(), ({ id, name, studyId }) => ({
            ...{ id, name, of: studyName(studyId) },
            folders: [runFolder(id)],
          })),
        forget: runs.forget,
      },
      corpus: {
        deleted: () =>
          listed(corpora.deleted(), ({ corpus: { id, name } }) => ({
            ...{ id, name, of: null },
            folders: [join(home, 'corpora', id), ...tokenized.foldersOf(id)],
          })),
        forget: corpora.forget,
      },
      model: {
        deleted: () =>
          listed(models.deleted(), ({ id, name }) => ({ id, name, of: null, folders: [models.folderOf(id)] })),
        forget: models.forget,
      },
      evaluation: {
        deleted: () =>
          listed(evaluations.deleted(), ({ id, name, task }) => ({
            ...{ id, name: task, of: name },
            folders: [join(home, 'evaluations', id)],
          })),
        forget: evaluations.forget,
      },
    },
  })
}

type Deleted = ReturnType<DeletedRoom['deleted']>[number]

const listed = <R>(
  all: readonly { record: R; deletedMs: number }[],
  describe: (record: R) => Omit<Deleted, 'deletedMs'>,
): Deleted[] => all.map(({ record, deletedMs }) => ({ ...describe(record), deletedMs }))
