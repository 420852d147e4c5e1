// Corpora in the store, with the files they are read from; a deleted one stays until it is forgotten.
import type { Corpus } from '#shared/corpus.ts'
import { withTaskState } from '#shared/task-state.ts'
import { createRecordTable, type RecordTable } from '#main/lab/record-table.ts'
import type { Database } from '#main/platform/disk/database.ts'

export interface CorpusEntry {
  corpus: Corpus
  /** What is read, so that reading can begin again. */
  paths: string[]
}

/** Oldest first. */
export interface CorpusStore extends RecordTable<CorpusEntry> {
  /** What one is read from, deleted or not. */
  pathsOf(id: string): string[]
}

export function createCorpusStore(db: Database): CorpusStore {
  const table = createRecordTable<CorpusEntry>({
    db,
    table: 'corpora',
    noun: 'corpus',
    idOf: ({ corpus }) => corpus.id,
    order: "json_extract(record, '$.corpus.createdMs')",
    upgrade: ({ corpus, paths }) => ({ corpus: withTaskState(corpus), paths }),
  })
  return {
    ...table,
    pathsOf: (id) => {
      const row = db.get<{ record: string }>('SELECT record FROM corpora WHERE id = ?', id)
      return row ? (JSON.parse(row.record) as CorpusEntry).paths : []
    },
    forget: (id) => {
      db.run('DELETE FROM tokenized WHERE corpus = ?', id)
      table.forget(id)
    },
  }
}
