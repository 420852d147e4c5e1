// Records of one kind in the store, each whole as the window sees it. One that the store does not take, on a full disk
// for example, is kept in memory, shown from there, and written when the store takes it again.
import { Fault } from '#shared/fault.ts'
import type { Database, Value } from '#main/platform/disk/database.ts'

export interface RecordTable<R> {
  /** In the order in which they were made; none that is deleted. */
  list(): R[]
  /** Throws `not-found` where it is not, or is deleted. */
  read(id: string): R
  /** Throws where the store does not take it, and then nothing has changed. */
  write(record: R): void
  /** For how something went, which is known whether the store takes it or not. */
  keep(record: R): void
  /** One statement of a transaction that the caller has begun. */
  put(record: R): void
  /** Deleted then; null: brought back. Throws `not-found` where it is so already. */
  setDeleted(id: string, deletedMs: number | null): void
  /** What was deleted by itself and can be brought back. */
  listDeleted(): { record: R; deletedMs: number }[]
  /** For good. */
  forget(id: string): void
  /** Tries what is kept in memory once more, for the last time. */
  close(): void
}

export interface RecordTableOptions<R> {
  db: Database
  table: string
  /** As in "This model is not here any more." */
  noun: string
  /** Where it is not any more, if not `here`. */
  place?: string
  idOf: (record: R) => string
  /** SQL. */
  order: string
  /** Where the record lies, if not in a column of that name. */
  column?: string
  /** What the table's further columns hold of a new record. */
  columns?: (record: R) => Record<string, Value>
  /** Further than that it is not deleted, SQL; what does not fulfil it is not there, and cannot be brought back. */
  living?: string
  /** False for tables whose records are never deleted by themselves. */
  hasDeleted?: boolean
  /** Makes a record of an older lab one of today's. */
  upgrade?: (stored: R) => R
  /** `relaxed` may be lost with the machine's power. */
  how?: 'durable' | 'relaxed'
}

/** How long what the store refused is kept before it is offered again. */
const offerAgainMs = 1000

export function createRecordTable<R>(options: RecordTableOptions<R>): RecordTable<R> {
  const {
    db,
    table,
    noun,
    idOf,
    order,
    column = 'record',
    how = 'durable',
    hasDeleted = true,
    place = 'here',
  } = options
  const { living: around = '1' } = options
  const living = `${hasDeleted ? 'deleted = 0' : '1'} AND ${around}`
  const gone = `This ${noun} is not ${place} any more.`
  const unwritten = new Map<string, R>()
  let timer: ReturnType<typeof setTimeout> | null = null
  let isClosed = false

  const parse = (row: Record<string, Value>): R => {
    const stored = JSON.parse(row[column] as string) as R
    const record = options.upgrade?.(stored) ?? stored
    return unwritten.get(idOf(record)) ?? record
  }
  const put = (record: R): void => {
    upsert(record)
    unwritten.delete(idOf(record))
  }
  const upsert = (record: R): void => {
    const text = JSON.stringify(record)
    if (db.run(`UPDATE ${table} SET ${column} = ? WHERE id = ?`, text, idOf(record)) > 0) return
    const row = { id: idOf(record), ...options.columns?.(record), [column]: text }
    const places = Object.keys(row).map(() => '?')
    db.run(`INSERT INTO ${table} (${Object.keys(row).join(', ')}) VALUES (${places.join(', ')})`, ...Object.values(row))
  }
  const write = (record: R): void => {
    db.transaction(() => put(record), how)
  }
  const offerAgain = (): void => {
    timer = null
    try {
      for (const record of [...unwritten.values()]) write(record)
    } catch {
      waitAndOffer()
    }
  }
  const waitAndOffer = (): void => {
    if (isClosed) return
    timer ??= setTimeout(offerAgain, offerAgainMs)
    timer.unref()
  }

  return {
    list: () => db.all(`SELECT ${column} FROM ${table} WHERE ${living} ORDER BY ${order}`).map(parse),
    read: (id) => {
      const row = db.get(`SELECT ${column} FROM ${table} WHERE id = ? AND ${living}`, id)
      if (!row) throw new Fault('not-found', gone, { details: id })
      return parse(row)
    },
    write,
    keep: (record) => {
      try {
        write(record)
      } catch {
        unwritten.set(idOf(record), record)
        waitAndOffer()
      }
    },
    put,
    setDeleted: (id, deletedMs) => {
      const changed =
        deletedMs === null
          ? db.run(`UPDATE ${table} SET deleted = 0 WHERE id = ? AND deleted > 0 AND ${around}`, id)
          : db.freeing(() => db.run(`UPDATE ${table} SET deleted = ? WHERE id = ? AND deleted = 0`, deletedMs, id))
      if (changed > 0) return
      const sentence = `This ${noun} cannot be brought back: it is not among what was deleted lately.`
      throw new Fault('not-found', deletedMs === null ? sentence : gone, { details: id })
    },
    listDeleted: () =>
      db
        .all(`SELECT ${column}, deleted FROM ${table} WHERE deleted > 0 AND ${around} ORDER BY ${order}`)
        .map((row) => ({ record: parse(row), deletedMs: row['deleted'] as number })),
    forget: (id) => {
      unwritten.delete(id)
      db.run(`DELETE FROM ${table} WHERE id = ?`, id)
    },
    close: () => {
      isClosed = true
      if (timer) clearTimeout(timer)
      offerAgain()
    },
  }
}
