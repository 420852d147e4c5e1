// The store's tables of evaluations: each one whole as the window sees it, what each study has evaluated by itself, and
// the rows of tasks.
import {
  type AutomaticEvaluation,
  defaultAutomaticEvaluation,
  type Evaluation,
  type TaskFile,
  type TaskFileRole,
} from '#shared/evaluation/evaluation.ts'
import { Fault } from '#shared/fault.ts'
import type { Database } from '#main/platform/disk/database.ts'

export interface EvaluationStore {
  /** Of one study or of all, oldest first; none that is deleted. */
  list(studyId: string | null): Evaluation[]
  read(id: string): Evaluation
  write(evaluation: Evaluation): void
  /** What the items on disk were made from; another one means that they are worth nothing. */
  fingerprint(id: string): string | null
  setFingerprint(id: string, fingerprint: string): void
  setDeleted(id: string, isDeleted: boolean): void
  /** Deleted ones, and those of studies that are gone. */
  listGone(): string[]
  forget(id: string): void
  automatic(studyId: string): AutomaticEvaluation
  setAutomatic(studyId: string, automatic: AutomaticEvaluation): void
  files(task: string): TaskFile[]
  putFile(task: string, file: TaskFile): void
  dropFile(task: string, role: TaskFileRole): void
  purge(): void
}

export function createEvaluationStore(db: Database): EvaluationStore {
  const parse = <T>({ record }: { record: string }) => JSON.parse(record) as T
  return {
    list: (studyId) =>
      (studyId === null
        ? db.all<{ record: string }>('SELECT record FROM evaluations WHERE deleted = 0 ORDER BY number')
        : db.all<{ record: string }>(
            'SELECT record FROM evaluations WHERE deleted = 0 AND study = ? ORDER BY number',
            studyId,
          )
      ).map(parse<Evaluation>),
    read: (id) => {
      const row = db.get<{ record: string }>('SELECT record FROM evaluations WHERE id = ? AND deleted = 0', id)
      if (!row) throw new Fault('not-found', 'This evaluation is not here any more.', { details: id })
      return parse(row)
    },
    write: (evaluation) =>
      void db.transaction(
        () =>
          db.run(
            'INSERT INTO evaluations (id, study, record) VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE SET record = excluded.record',
            evaluation.id,
            evaluation.studyId,
            JSON.stringify(evaluation),
          ),
        'relaxed',
      ),
    fingerprint: (id) =>
      db.get<{ fingerprint: string | null }>('SELECT fingerprint FROM evaluations WHERE id = ?', id)?.fingerprint ??
      null,
    setFingerprint: (id, fingerprint) =>
      void db.run('UPDATE evaluations SET fingerprint = ? WHERE id = ?', fingerprint, id),
    setDeleted: (id, isDeleted) => {
      if (db.run('UPDATE evaluations SET deleted = ? WHERE id = ?', Number(isDeleted), id) === 0)
        throw new Fault('not-found', 'This evaluation is not here any more.', { details: id })
    },
    listGone: () =>
      db
        .all<{ id: string }>('SELECT id FROM evaluations WHERE deleted = 1 OR study NOT IN (SELECT id FROM studies)')
        .map(({ id }) => id),
    forget: (id) => void db.run('DELETE FROM evaluations WHERE id = ?', id),
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
    files: (task) =>
      db
        .all<{ record: string }>('SELECT record FROM taskFiles WHERE task = ? ORDER BY role', task)
        .map(parse<TaskFile>),
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
