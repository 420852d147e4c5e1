// A lock that the operating system takes back when its holder dies, however it dies: SQLite's own file lock on an empty
// database.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import Libsql from 'libsql'

export interface Lock {
  release(): void
}

/** Takes the lock at `path`, or says which process has it (null where that cannot be known). */
export function takeLock(path: string): { lock: Lock } | { heldBy: number | null } {
  mkdirSync(dirname(path), { recursive: true })
  const pidPath = `${path}.pid`
  const db = new Libsql(path, { timeout: 0 })
  try {
    db.exec('PRAGMA journal_mode = MEMORY')
    db.exec('BEGIN EXCLUSIVE')
  } catch (error) {
    db.close()
    if (!/locked|busy/i.test(String((error as Error).message))) throw error
    return { heldBy: readPid(pidPath) }
  }
  writeFileSync(pidPath, `${process.pid}\n`)
  return {
    lock: {
      release: () => {
        rmSync(pidPath, { force: true })
        db.exec('ROLLBACK')
        db.close()
      },
    },
  }
}

function readPid(path: string): number | null {
  try {
    const pid = Number(readFileSync(path, 'utf8'))
    return Number.isInteger(pid) && pid > 0 ? pid : null
  } catch {
    return null
  }
}
