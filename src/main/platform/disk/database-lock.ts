// A lock that the operating system takes back when its holder dies, however it dies: SQLite's own file lock on an empty
// database.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import Libsql from 'libsql'
import { Fault } from '#shared/fault.ts'
import { storeFault } from './database-faults.ts'
import { diskFault } from './disk-faults.ts'
import { textOf } from './system-files.ts'

export interface Lock {
  release(): void
}

/**
 * Takes the lock at `path`, or says which process has it (null where that cannot be known). A Fault where the folder
 * cannot be written.
 */
export function takeLock(path: string): { lock: Lock } | { heldBy: number | null } {
  const pidPath = `${path}.pid`
  let db: Libsql.Database
  try {
    mkdirSync(dirname(path), { recursive: true })
    db = new Libsql(path, { timeout: 0 })
  } catch (error) {
    throw cannotLock(path, error)
  }
  try {
    db.exec('PRAGMA journal_mode = MEMORY')
    db.exec('BEGIN EXCLUSIVE')
  } catch (error) {
    db.close()
    if (!/locked|busy/i.test(String((error as Error).message))) throw cannotLock(path, error)
    return { heldBy: readPid(pidPath) }
  }
  try {
    rmSync(pidPath, { force: true }) // whatever it was: a pipe would be waited for
    writeFileSync(pidPath, `${process.pid}\n`)
  } catch {
    // on a full disk: it only names the holder in a sentence
  }
  return {
    lock: {
      release: () => {
        db.close() // which rolls back, and is what lets the lock go
        try {
          rmSync(pidPath, { force: true })
        } catch {
          // on a disk that has become one to read: the next holder writes it anew
        }
      },
    },
  }
}

function cannotLock(path: string, error: unknown): unknown {
  const fault = storeFault(diskFault(error, 'write', dirname(path)))
  if (fault instanceof Fault) return fault
  const sentence = `${dirname(path)} cannot be written by this user, so the lab in it cannot be opened. Choose another data folder.`
  return new Fault('bad-input', sentence, { cause: error, details: String(error) })
}

function readPid(path: string): number | null {
  const pid = Number(textOf(path) ?? '')
  return Number.isInteger(pid) && pid > 0 ? pid : null
}
