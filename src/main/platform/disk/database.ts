// The store's one file: SQLite through libsql, opened only when it is what it should be, and never overwritten when it
// is not.
import { closeSync, existsSync, mkdirSync, openSync, readdirSync, readSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import Libsql from 'libsql'
import { Fault } from '#shared/fault.ts'
import { damaged, storeFault } from './database-faults.ts'
import { keepReserve, type Reserve } from './reserve.ts'
import { diskFault } from './disk-faults.ts'

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
  /** Does what will free space, on a full disk too. */
  freeing<T>(work: () => T): T
  close(): void
}

/** What a database must look like: `migrations[n]` takes version n to n + 1, inside one transaction. */
export interface Schema {
  /** Marks the file as ours (SQLite's application_id). */
  applicationId: number
  migrations: readonly string[]
  /** Folders beside the file whose contents it alone knows: an empty file beside full ones is a loss, nothing new. */
  keptBeside?: readonly string[]
}

const magic = 'SQLite format 3\0'

/** Opens or makes the file at `path` and brings it to the schema's version. A Fault leaves the file as it was. */
export function openDatabase(path: string, schema: Schema): Database {
  mkdirSync(dirname(path), { recursive: true })
  let isNew = !existsSync(path) || isEmptyFile(path)
  if (isNew) checkNothingLost(path, schema)
  else checkHeader(path)
  let db: Libsql.Database
  try {
    db = new Libsql(path, { timeout: 5000 })
  } catch (error) {
    throw damaged(path, error)
  }
  try {
    isNew ||= isBlank(db)
    if (!isNew) checkContents(db, path, schema)
    db.exec('PRAGMA journal_mode = WAL')
    db.exec('PRAGMA synchronous = FULL')
    db.exec('PRAGMA foreign_keys = ON')
    db.exec('BEGIN IMMEDIATE; ROLLBACK') // a file that can only be read opens without a word
    migrate(db, schema)
    return wrap(db, { reserve: keepReserve(`${path}.reserve`) })
  } catch (error) {
    db.close()
    throw storeFault(error)
  }
}

/**
 * Opens the file at `path` to read only, beside a process that writes it, or on a disk that takes nothing. A file of an
 * older format is `unavailable`: it has to be opened to write once. What would write throws.
 */
export function openDatabaseToRead(path: string, schema: Schema): Database {
  checkHeader(path)
  const url = pathToFileURL(path).href
  const open = (mode: string): Libsql.Database => {
    const db = new Libsql(`${url}?${mode}`, { timeout: 5000 })
    try {
      checkFormat(db, path, schema)
      return db
    } catch (error) {
      db.close()
      throw error
    }
  }
  try {
    return wrap(open('mode=ro'), { isReadOnly: true })
  } catch (error) {
    // Where no file can be made beside it, its log cannot be shared; without a log nobody is writing it.
    const log = `${path}-wal`
    if (error instanceof Fault && error.code === 'unavailable') throw error
    if (existsSync(log) && statSync(log).size > 0) throw error
    return wrap(open('immutable=1'), { isReadOnly: true })
  }
}

/** A file that is not there was moved away to begin anew; one that is empty was cut to nothing by an accident. */
function checkNothingLost(path: string, { keptBeside = [] }: Schema): void {
  const log = `${path}-wal` // a first session that was killed has everything there
  if (!existsSync(path) || (existsSync(log) && statSync(log).size > 0)) return
  const isFull = (folder: string): boolean => existsSync(folder) && readdirSync(folder).length > 0
  const full = keptBeside.map((name) => join(dirname(path), name)).find(isFull)
  if (full)
    throw new Fault(
      'damaged',
      `${path} is empty, and what lies in ${full} was recorded in it. Restore it from a backup, or move it away to begin anew.`,
    )
}

function isEmptyFile(path: string): boolean {
  const found = statSync(path)
  return found.isFile() && found.size === 0
}

/** Looked at before SQLite may touch the file: a stranger's file is not to be changed by asking. */
function checkHeader(path: string): void {
  const header = Buffer.alloc(16)
  try {
    const found = statSync(path) // a pipe would be waited for
    if (!found.isFile() && !found.isDirectory())
      throw new Fault('damaged', `${path} is a pipe or a device, not a file.`)
    const file = openSync(path, 'r')
    try {
      readSync(file, header, 0, 16, 0)
    } finally {
      closeSync(file)
    }
  } catch (error) {
    throw diskFault(error, 'read', path)
  }
  if (header.toString('latin1') !== magic) {
    throw new Fault(
      'damaged',
      `${path} is not a database of Isoflop. It was left as it is: move it away, or choose another data folder.`,
    )
  }
}

/** A store whose making was broken off before anything was in it, by a full disk for example. */
function isBlank(db: Libsql.Database): boolean {
  try {
    return (
      Number(readPragma(db, 'application_id')) === 0 &&
      Number(readPragma(db, 'user_version')) === 0 &&
      db.prepare('SELECT 1 FROM sqlite_master').all().length === 0
    )
  } catch {
    return false // what is wrong with it is said when its contents are checked
  }
}

function checkContents(db: Libsql.Database, path: string, schema: Schema): void {
  try {
    const report = readPragma(db, 'quick_check(1)')
    if (report !== 'ok') throw new Error(String(report))
  } catch (error) {
    throw damaged(path, error)
  }
  checkIdentity(db, path, schema)
}

/** For who only reads: nothing brings an older format up. */
function checkFormat(db: Libsql.Database, path: string, schema: Schema): void {
  const found = checkIdentity(db, path, schema)
  if (found < schema.migrations.length)
    throw new Fault(
      'unavailable',
      `${path} was written by an older Isoflop (format ${found}; this one reads ${schema.migrations.length}). Open it once where it can be written.`,
    )
}

/** Its format's version. Throws where it is another program's, or from a newer Isoflop. */
function checkIdentity(db: Libsql.Database, path: string, schema: Schema): number {
  let id: number
  let found: number
  try {
    id = Number(readPragma(db, 'application_id'))
    found = Number(readPragma(db, 'user_version'))
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
  return found
}

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
      rollBack(db)
      throw storeFault(error)
    }
  }
}

/** SQLite has done it itself where the disk was full; a second time is an error that would hide the first. */
function rollBack(db: Libsql.Database): void {
  try {
    db.exec('ROLLBACK')
  } catch {
    // no transaction is active
  }
}

function wrap(
  db: Libsql.Database,
  { isReadOnly = false, reserve }: { isReadOnly?: boolean; reserve?: Reserve },
): Database {
  const statements = new Map<string, Libsql.Statement<unknown[]>>()
  const prepare = (sql: string) => {
    const known = statements.get(sql) ?? db.prepare(sql)
    statements.set(sql, known)
    return known
  }
  const said = <T>(work: () => T): T => {
    try {
      return work()
    } catch (error) {
      throw storeFault(error)
    }
  }
  return {
    run: (sql, ...values) => said(() => prepare(sql).run(...values).changes),
    get: (sql, ...values) => said(() => prepare(sql).all(...values)[0] as never),
    all: (sql, ...values) => said(() => prepare(sql).all(...values) as never),
    transaction: (work, how = 'durable') => {
      if (how === 'relaxed') db.exec('PRAGMA synchronous = NORMAL')
      try {
        said(() => db.exec('BEGIN IMMEDIATE'))
        try {
          const result = work()
          db.exec('COMMIT')
          return result
        } catch (error) {
          rollBack(db)
          throw storeFault(error)
        }
      } finally {
        if (how === 'relaxed') db.exec('PRAGMA synchronous = FULL')
      }
    },
    freeing: (work) => (reserve ? reserve.spend(work) : work()),
    close: () => {
      statements.clear()
      try {
        // so that the one file is the whole store, and can be copied
        if (!isReadOnly) db.exec('PRAGMA wal_checkpoint(TRUNCATE)')
      } catch {
        // on a full disk its log stays beside it, and is read with it
      }
      db.close()
    },
  }
}
