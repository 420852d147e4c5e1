// The store's table of checks: each one whole, as the window sees it.
import type { Check } from '#shared/mup/check.ts'
import { Fault } from '#shared/fault.ts'
import type { Database } from '#main/platform/disk/database.ts'

export interface CheckStore {
  /** Of one study or of all, oldest first. */
  list(studyId: string | null): Check[]
  read(id: string): Check
  write(check: Check): void
  purge(): void
}

export function createCheckStore(db: Database): CheckStore {
  const parse = (row: { record: string }) => JSON.parse(row.record) as Check
  return {
    list: (studyId) =>
      (studyId === null
        ? db.all<{ record: string }>('SELECT record FROM checks ORDER BY number')
        : db.all<{ record: string }>('SELECT record FROM checks WHERE study = ? ORDER BY number', studyId)
      ).map(parse),
    read: (id) => {
      const row = db.get<{ record: string }>('SELECT record FROM checks WHERE id = ?', id)
      if (!row) throw new Fault('not-found', 'There is no such check.')
      return parse(row)
    },
    write: (check) =>
      void db.transaction(
        () =>
          db.run(
            'INSERT INTO checks (id, study, record) VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE SET record = excluded.record',
            check.id,
            check.studyId,
            JSON.stringify(check),
          ),
        'relaxed',
      ),
    purge: () => void db.run('DELETE FROM checks WHERE study NOT IN (SELECT id FROM studies)'),
  }
}
