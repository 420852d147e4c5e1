// The store's tables of evaluations: each one whole as the window sees it, what each study has evaluated by itself, and
// the rows of tasks.
import {
  type AutomaticEvaluation,
  defaultAutomaticEvaluation,
  type Evaluation,
  type OwnTaskFile,
  type TaskFile,
  type TaskFileRole,
} from '#shared/evaluation/evaluation.ts'
import { createRecordTable, type RecordTable } from '#main/lab/record-table.ts'
import type { Database } from '#main/platform/disk/database.ts'

export interface EvaluationStore extends Omit<RecordTable<Evaluation>, 'list'> {
  /** Of one study or of all, oldest first; none that is deleted. */
  list(studyId: string | null): Evaluation[]
  /** Those of studies, runs and models that are gone for good. */
  listGone(): string[]
  automatic(studyId: string): AutomaticEvaluation
  setAutomatic(studyId: string, automatic: AutomaticEvaluation): void
  /** Runs that train and are to be evaluated when they finish. */
  awaited(): string[]
  setAwaited(runId: string, isAwaited: boolean): void
  files(task: string): TaskFile[]
  /** Tasks of a person's own, oldest first. */
  ownTasks(): OwnTaskFile[]
  putFile(task: string, file: TaskFile): void
  dropFile(task: string, role: TaskFileRole): void
  purge(): void
}

export function createEvaluationStore(db: Database): EvaluationStore {
  const parse = <T>({ record }: { record: string }) => JSON.parse(record) as T
  const table = createRecordTable<Evaluation>({
    db,
    table: 'evaluations',
    noun: 'evaluation',
    idOf: ({ id }) => id,
    columns: ({ studyId }) => ({ study: studyId }),
    order: 'number',
    how: 'relaxed',
  })
  return {
    ...table,
    list: (studyId) => table.list().filter((one) => studyId === null || one.studyId === studyId),
    listGone: () =>
      db
        .all<{ id: string }>(
          `SELECT id FROM evaluations WHERE study NOT IN (SELECT id FROM studies)
           OR json_extract(record, '$.subject.kind') = 'run'
             AND json_extract(record, '$.subject.runId') NOT IN (SELECT id FROM runs)
           OR json_extract(record, '$.subject.kind') = 'model'
             AND json_extract(record, '$.subject.modelId') NOT IN (SELECT id FROM models)`,
        )
        .map(({ id }) => id),
    automatic: (studyId) => {
      const row = db.get<{ record: string }>('SELECT record FROM automaticEvaluations WHERE study = ?', studyId)
      return row ? parse(row) : defaultAutomaticEvaluation
    },
    setAutomatic: (studyId, automatic) =>
      void db.run(
        'INSERT INTO automaticEvaluations (study, record) VALUES (?, ?) ON CONFLICT (study) DO UPDATE SET record = excluded.record',
        studyId,
        JSON.stringify(automatic),
      ),
    awaited: () => db.all<{ run: string }>('SELECT run FROM awaitedEvaluations').map(({ run }) => run),
    setAwaited: (runId, isAwaited) =>
      void db.run(
        isAwaited
          ? 'INSERT OR IGNORE INTO awaitedEvaluations (run) VALUES (?)'
          : 'DELETE FROM awaitedEvaluations WHERE run = ?',
        runId,
      ),
    files: (task) =>
      db
        .all<{ record: string }>('SELECT record FROM taskFiles WHERE task = ? ORDER BY role', task)
        .map(parse<TaskFile>),
    ownTasks: () =>
      db
        .all<{ record: string }>("SELECT record FROM taskFiles WHERE json_extract(record, '$.own') IS NOT NULL")
        .map(parse<OwnTaskFile>)
        .sort((a, b) => a.addedMs - b.addedMs),
    putFile: (task, file) =>
      void db.run(
        'INSERT INTO taskFiles (task, role, record) VALUES (?, ?, ?) ON CONFLICT (task, role) DO UPDATE SET record = excluded.record',
        task,
        file.role,
        JSON.stringify(file),
      ),
    dropFile: (task, role) => void db.run('DELETE FROM taskFiles WHERE task = ? AND role = ?', task, role),
    purge: () => void db.run('DELETE FROM automaticEvaluations WHERE study NOT IN (SELECT id FROM studies)'),
  }
}
