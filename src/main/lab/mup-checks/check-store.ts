// The store's table of checks: each one whole, as the window sees it; they go with their study.
import type { Check } from '#shared/mup/check.ts'
import { createRecordTable, type RecordTable } from '#main/lab/record-table.ts'
import type { Database } from '#main/platform/disk/database.ts'

export interface CheckStore extends Omit<RecordTable<Check>, 'setDeleted' | 'listDeleted' | 'list'> {
  /** Of one study or of all, oldest first. */
  list(studyId: string | null): Check[]
  purge(): void
}

export function createCheckStore(db: Database): CheckStore {
  const table = createRecordTable<Check>({
    db,
    table: 'checks',
    noun: 'check',
    idOf: ({ id }) => id,
    columns: ({ studyId }) => ({ study: studyId }),
    order: 'number',
    hasDeleted: false,
    how: 'relaxed',
  })
  return {
    ...table,
    list: (studyId) => table.list().filter((check) => studyId === null || check.studyId === studyId),
    purge: () => void db.run('DELETE FROM checks WHERE study NOT IN (SELECT id FROM studies)'),
  }
}
