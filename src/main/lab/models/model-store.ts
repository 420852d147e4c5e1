// The store's table of models; a deleted one stays until it is purged.
import { Fault } from '#shared/fault.ts'
import type { LibraryModel } from '#shared/model.ts'
import { withTaskState } from '#shared/task-state.ts'
import type { Database } from '#main/platform/disk/database.ts'

export interface ModelStore {
  /** Oldest first. */
  list(): LibraryModel[]
  /** Throws `not-found` where it is not, or is deleted. */
  read(id: string): LibraryModel
  write(model: LibraryModel): void
  setDeleted(id: string, isDeleted: boolean): void
  listDeleted(): string[]
  forget(id: string): void
}

export function createModelStore(db: Database): ModelStore {
  const parse = (row: { record: string }) => withTaskState(JSON.parse(row.record) as LibraryModel)
  return {
    list: () =>
      db
        .all<{ record: string }>('SELECT record FROM models WHERE deleted = 0')
        .map(parse)
        .sort((a, b) => a.createdMs - b.createdMs),
    read: (id) => {
      const row = db.get<{ record: string }>('SELECT record FROM models WHERE id = ? AND deleted = 0', id)
      if (!row) throw new Fault('not-found', 'This model is not in the library any more.', { details: id })
      return parse(row)
    },
    write: (model) => {
      db.run(
        'INSERT INTO models (id, record) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET record = excluded.record',
        model.id,
        JSON.stringify(model),
      )
    },
    setDeleted: (id, isDeleted) => {
      const changed = db.run(
        'UPDATE models SET deleted = ? WHERE id = ? AND deleted = ?',
        Number(isDeleted),
        id,
        Number(!isDeleted),
      )
      if (changed === 0)
        throw new Fault(
          'not-found',
          isDeleted
            ? 'This model is not in the library any more.'
            : 'This model cannot be brought back: it was not deleted since the lab was opened.',
          { details: id },
        )
    },
    listDeleted: () => db.all<{ id: string }>('SELECT id FROM models WHERE deleted = 1').map(({ id }) => id),
    forget: (id) => void db.run('DELETE FROM models WHERE id = ?', id),
  }
}
