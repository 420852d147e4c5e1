// The store's table of models; a deleted one stays until it is forgotten.
import type { ImportedModel } from '#shared/model.ts'
import { withTaskState } from '#shared/task-state.ts'
import { createRecordTable, type RecordTable } from '#main/lab/record-table.ts'
import type { Database } from '#main/platform/disk/database.ts'

/** Oldest first. */
export type ModelStore = RecordTable<ImportedModel>

export const createModelStore = (db: Database): ModelStore =>
  createRecordTable({
    db,
    table: 'models',
    noun: 'model',
    place: 'in the lab',
    idOf: ({ id }) => id,
    order: "json_extract(record, '$.createdMs')",
    upgrade: withTaskState,
  })
