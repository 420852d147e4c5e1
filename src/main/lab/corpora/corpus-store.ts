// Corpora in the store, with the files they are read from; a deleted one stays until it is purged.
import { Fault } from '#shared/fault.ts'
import type { Corpus } from '#shared/corpus.ts'
import { withTaskState } from '#shared/task-state.ts'
import type { Database } from '#main/platform/disk/database.ts'

export interface CorpusEntry {
  corpus: Corpus
  /** What is read, so that reading can begin again. */
  paths: string[]
}

export interface CorpusStore {
  list(): CorpusEntry[]
  /** Throws `not-found` where it is not, or is deleted. */
  read(id: string): CorpusEntry
  write(entry: CorpusEntry): void
  setDeleted(id: string, isDeleted: boolean): void
  listDeleted(): string[]
  forget(id: string): void
}

export function createCorpusStore(db: Database): CorpusStore {
  const parse = (row: { record: string }): CorpusEntry => {
    const { corpus, paths } = JSON.parse(row.record) as CorpusEntry
    return { corpus: withTaskState(corpus), paths }
  }
  return {
    list: () =>
      db
        .all<{ record: string }>('SELECT record FROM corpora WHERE deleted = 0')
        .map(parse)
        .sort((a, b) => a.corpus.createdMs - b.corpus.createdMs),
    read: (id) => {
      const row = db.get<{ record: string }>('SELECT record FROM corpora WHERE id = ? AND deleted = 0', id)
      if (!row) throw new Fault('not-found', 'This corpus is not here any more.', { details: id })
      return parse(row)
    },
    write: (entry) => {
      db.run(
        'INSERT INTO corpora (id, record) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET record = excluded.record',
        entry.corpus.id,
        JSON.stringify(entry),
      )
    },
    setDeleted: (id, isDeleted) => {
      const changed = db.run(
        'UPDATE corpora SET deleted = ? WHERE id = ? AND deleted = ?',
        Number(isDeleted),
        id,
        Number(!isDeleted),
      )
      if (changed === 0)
        throw new Fault(
          'not-found',
          isDeleted
            ? 'This corpus is not here any more.'
            : 'This corpus cannot be brought back: it was not deleted since the lab was opened.',
          { details: id },
        )
    },
    listDeleted: () => db.all<{ id: string }>('SELECT id FROM corpora WHERE deleted = 1').map(({ id }) => id),
    forget: (id) => {
      db.transaction(() => {
        db.run('DELETE FROM tokenized WHERE corpus = ?', id)
        db.run('DELETE FROM corpora WHERE id = ?', id)
      })
    },
  }
}
