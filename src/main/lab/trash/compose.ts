// What each room of the lab has deleted, what of it lies on disk, and how it is forgotten.
import { join } from 'node:path'
import type { Corpora } from '#main/lab/corpora/corpora.ts'
import type { TokenizedCorpora } from '#main/lab/corpora/tokenized.ts'
import type { Evaluations } from '#main/lab/evaluations/evaluations.ts'
import type { Models } from '#main/lab/models/models.ts'
import type { Runs } from '#main/lab/runs/runs.ts'
import type { RunStore } from '#main/lab/runs/run-store.ts'
import type { StudyStore } from '#main/lab/studies/study-store.ts'
import { createTrash, type Trash, type TrashDeps } from './trash.ts'

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
          studyStore
            .listDeleted()
            .map(({ record: { id, name }, deletedMs }) => ({
              id,
              name,
              of: null,
              deletedMs,
              folders: runStore.everyIdOf(id).map(runFolder),
            })),
        forget: async (id) => {
          for (const runId of runStore.everyIdOf(id)) await runs.forget(runId)
          studyStore.forget(id)
        },
      },
      run: {
        deleted: () =>
          runs
            .deleted()
            .map(({ record: { id, name, studyId }, deletedMs }) => ({
              id,
              name,
              of: studyName(studyId),
              deletedMs,
              folders: [runFolder(id)],
            })),
        forget: runs.forget,
      },
      corpus: {
        deleted: () =>
          corpora
            .deleted()
            .map(({ record: { corpus }, deletedMs }) => ({
              id: corpus.id,
              name: corpus.name,
              of: null,
              deletedMs,
              folders: [join(home, 'corpora', corpus.id), ...tokenized.foldersOf(corpus.id)],
            })),
        forget: corpora.forget,
      },
      model: {
        deleted: () =>
          models
            .deleted()
            .map(({ record: { id, name }, deletedMs }) => ({
              id,
              name,
              of: null,
              deletedMs,
              folders: [models.folderOf(id)],
            })),
        forget: models.forget,
      },
      evaluation: {
        deleted: () =>
          evaluations
            .deleted()
            .map(({ record: { id, name, task }, deletedMs }) => ({
              id,
              name: task,
              of: name,
              deletedMs,
              folders: [join(home, 'evaluations', id)],
            })),
        forget: evaluations.forget,
      },
    },
  })
}
