// Studies in the store; a deleted one stays until it is purged, so that deleting can be undone.
import { Fault } from '#shared/fault.ts'
import type { Study } from '#shared/study.ts'
import type { Database } from '#main/platform/disk/database.ts'

export interface StudyStore {
  list(): Study[]
  /** Throws `not-found` where it is not, or is deleted. */
  read(id: string): Study
  write(study: Study): void
  setDeleted(id: string, isDeleted: boolean): void
  /** Forgets the deleted for good. */
  purge(): void
}

export function createStudyStore(db: Database): StudyStore {
  const parse = (row: { record: string }) => JSON.parse(row.record) as Study
  return {
    list: () =>
      db
        .all<{ record: string }>('SELECT record FROM studies WHERE deleted = 0')
        .map(parse)
        .sort((a, b) => a.createdMs - b.createdMs),
    read: (id) => {
      const row = db.get<{ record: string }>('SELECT record FROM studies WHERE id = ? AND deleted = 0', id)
      if (!row) throw new Fault('not-found', 'This study is not here any more.', { details: id })
      return parse(row)
    },
    write: (study) => {
      db.run(
        'INSERT INTO studies (id, record) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET record = excluded.record',
        study.id,
        JSON.stringify(study),
      )
    },
    setDeleted: (id, isDeleted) => {
      const changed = db.run(
        'UPDATE studies SET deleted = ? WHERE id = ? AND deleted = ?',
        Number(isDeleted),
        id,
        Number(!isDeleted),
      )
      if (changed === 0)
        throw new Fault(
          'not-found',
          isDeleted
            ? 'This study is not here any more.'
            : 'This study cannot be brought back: it was not deleted since the lab was opened.',
          { details: id },
        )
    },
    purge: () => {
      db.run('DELETE FROM studies WHERE deleted = 1')
    },
  }
}
