// The store's one file: SQLite through libsql, opened only when it is what it should be, and never overwritten when it
// is not.
import { closeSync, existsSync, mkdirSync, openSync, readSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import Libsql from 'libsql'
import { Fault } from '#shared/fault.ts'

export type Value = string | number | null
export type Row = Record<string, Value>

export interface Database {
  run(sql: string, ...values: Value[]): number
  get<R = Row>(sql: string, ...values: Value[]): R | undefined
  all<R = Row>(sql: string, ...values: Value[]): R[]
  /**
   * All or nothing. Durable by default: it is on the disk, with every earlier transaction, when this returns. A
   * `relaxed` one survives
   * the end of the process but may be lost with the machine's power; step records use it between checkpoints.
   */
  transaction<T>(work: () => T, how?: 'durable' | 'relaxed'): T
  close(): void
}

/** What a database must look like: `migrations[n]` takes version n to n + 1, inside one transaction. */
export interface Schema {
  /** Marks the file as ours (SQLite's application_id). */
  applicationId: number
  migrations: readonly string[]
}

const magic = 'SQLite format 3\0'

/** Opens or makes the file at `path` and brings it to the schema's version. A Fault leaves the file as it was. */
export function openDatabase(path: string, schema: Schema): Database {
  mkdirSync(dirname(path), { recursive: true })
  const isNew = !existsSync(path) || statSync(path).size === 0
  if (!isNew) checkHeader(path)
  let db: Libsql.Database
  try {
    db = new Libsql(path, { timeout: 5000 })
  } catch (error) {
    throw damaged(path, error)
  }
  try {
    if (!isNew) checkContents(db, path, schema)
    db.exec('PRAGMA journal_mode = WAL')
    db.exec('PRAGMA synchronous = FULL')
    db.exec('PRAGMA foreign_keys = ON')
    migrate(db, schema)
    return wrap(db)
  } catch (error) {
    db.close()
    throw error
  }
}

/** Looked at before SQLite may touch the file: a stranger's file is not to be changed by asking. */
function checkHeader(path: string): void {
  const header = Buffer.alloc(16)
  const file = openSync(path, 'r')
  try {
    readSync(file, header, 0, 16, 0)
  } finally {
    closeSync(file)
  }
  if (header.toString('latin1') !== magic) {
    throw new Fault(
      'damaged',
      `${path} is not a database of Isoflop. It was left as it is: move it away, or choose another data folder.`,
    )
  }
}

function checkContents(db: Libsql.Database, path: string, schema: Schema): void {
  let id: number
  let found: number
  try {
    id = Number(readPragma(db, 'application_id'))
    found = Number(readPragma(db, 'user_version'))
    const report = readPragma(db, 'quick_check(1)')
    if (report !== 'ok') throw new Error(String(report))
  } catch (error) {
    throw damaged(path, error)
  }
  if (id !== schema.applicationId) {
    throw new Fault(
      'damaged',
      `${path} is a database of another program. It was left as it is: move it away, or choose another data folder.`,
    )
  }
  const known = schema.migrations.length
  if (found > known) {
    throw new Fault(
      'unavailable',
      `${path} was written by a newer Isoflop (format ${found}; this one knows ${known}). It was left as it is: update Isoflop, or choose another data folder.`,
    )
  }
  if (found < 1) {
    throw new Fault(
      'damaged',
      `${path} does not say which format it has. It was left as it is: move it away, or choose another data folder.`,
    )
  }
}

const damaged = (path: string, cause: unknown): Fault =>
  new Fault(
    'damaged',
    `${path} is damaged and cannot be read. It was left as it is: restore it from a backup, or move it away to begin anew.`,
    { cause, details: cause instanceof Error ? cause.message : String(cause) },
  )

const readPragma = (db: Libsql.Database, pragma: string): Value =>
  Object.values((db.prepare(`PRAGMA ${pragma}`).all() as Row[])[0])[0]

function migrate(db: Libsql.Database, schema: Schema): void {
  for (let version = Number(readPragma(db, 'user_version')); version < schema.migrations.length; version++) {
    db.exec('BEGIN IMMEDIATE')
    try {
      db.exec(schema.migrations[version])
      db.exec(`PRAGMA application_id = ${schema.applicationId}`)
      db.exec(`PRAGMA user_version = ${version + 1}`)
      db.exec('COMMIT')
    } catch (error) {
      db.exec('ROLLBACK')
      throw error
    }
  }
}

function wrap(db: Libsql.Database): Database {
  const statements = new Map<string, Libsql.Statement<unknown[]>>()
  const prepare = (sql: string) => {
    const known = statements.get(sql) ?? db.prepare(sql)
    statements.set(sql, known)
    return known
  }
  return {
    run: (sql, ...values) => prepare(sql).run(...values).changes,
    get: (sql, ...values) => prepare(sql).all(...values)[0] as never,
    all: (sql, ...values) => prepare(sql).all(...values) as never,
    transaction: (work, how = 'durable') => {
      if (how === 'relaxed') db.exec('PRAGMA synchronous = NORMAL')
      try {
        db.exec('BEGIN IMMEDIATE')
        try {
          const result = work()
          db.exec('COMMIT')
          return result
        } catch (error) {
          db.exec('ROLLBACK')
          throw (error as { code?: string }).code === 'SQLITE_FULL'
            ? new Fault('disk-full', 'The disk is full. Make room and try again; nothing that was saved is lost.', {
                cause: error,
              })
            : error
        }
      } finally {
        if (how === 'relaxed') db.exec('PRAGMA synchronous = FULL')
      }
    },
    close: () => {
      statements.clear()
      db.exec('PRAGMA wal_checkpoint(TRUNCATE)') // so that the one file is the whole store, and can be copied
      db.close()
    },
  }
}
