// Studies in the store; a deleted one stays until it is forgotten, so that it can be brought back.
import type { Study } from '#shared/study.ts'
import { createRecordTable, type RecordTable } from '#main/lab/record-table.ts'
import type { Database } from '#main/platform/disk/database.ts'

export type StudyStore = Pick<RecordTable<Study>, 'list' | 'read' | 'write' | 'setDeleted' | 'listDeleted' | 'forget'>

export const createStudyStore = (db: Database): StudyStore =>
  createRecordTable<Study>({
    db,
    table: 'studies',
    noun: 'study',
    idOf: ({ id }) => id,
    order: "json_extract(record, '$.createdMs')",
  })
