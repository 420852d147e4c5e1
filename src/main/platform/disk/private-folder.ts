// The data folder: a person's texts and models, for nobody else on the machine.
import { chmodSync, existsSync, mkdirSync, readdirSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { Fault } from '#shared/fault.ts'
import { diskFault } from './disk-faults.ts'

/**
 * Makes it, readable by its owner alone; one of an older lab is closed to others, once `check` lets what is in it pass.
 * A Fault where it cannot be made, and where it is no folder.
 */
export function makePrivateFolder(
  folder: string,
  check: (names: readonly string[], isOpen: boolean) => void = () => {},
): void {
  try {
    makeWithParents(folder)
    const found = statSync(folder)
    if (!found.isDirectory()) throw new Fault('bad-input', `${folder} is a file, not a folder.`)
    const user = process.getuid?.() // Windows has none, and its modes say nothing
    const isOpen = user !== undefined && (found.mode & 0o077) !== 0
    check(readdirSync(folder), isOpen)
    if (isOpen && found.uid === user) chmodSync(folder, 0o700)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST')
      throw new Fault('bad-input', `${folder} is a link that leads to no folder.`, { cause: error })
    throw diskFault(error, 'write', folder)
  }
}

/** Not by Node's own `recursive`, which never returns below /proc. */
function makeWithParents(folder: string): void {
  if (existsSync(folder)) return
  makeWithParents(dirname(folder))
  mkdirSync(folder, { mode: 0o700 })
}
