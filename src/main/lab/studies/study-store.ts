// Studies in the store; a deleted one stays until it is purged, so that deleting can be undone.
import type { Study } from '#shared/study.ts'
import { createRecordTable, type RecordTable } from '#main/lab/record-table.ts'
import type { Database } from '#main/platform/disk/database.ts'

export interface StudyStore extends Pick<RecordTable<Study>, 'list' | 'read' | 'write' | 'setDeleted'> {
  /** Forgets the deleted for good. */
  purge(): void
}

export function createStudyStore(db: Database): StudyStore {
  const table = createRecordTable<Study>({
    db,
    table: 'studies',
    noun: 'study',
    idOf: ({ id }) => id,
    order: "json_extract(record, '$.createdMs')",
  })
  return { ...table, purge: () => table.listDeleted().forEach(table.forget) }
}
