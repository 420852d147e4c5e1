// The data folder: a person's texts and models, for nobody else on the machine.
import { chmodSync, existsSync, mkdirSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { diskFault } from './disk-faults.ts'

/** Makes it, readable by its owner alone; one of an older lab is closed to others. A Fault where it cannot be made. */
export function makePrivateFolder(folder: string): void {
  try {
    makeWithParents(folder)
    const { mode, uid } = statSync(folder)
    if ((mode & 0o077) !== 0 && uid === process.getuid?.()) chmodSync(folder, 0o700)
  } catch (error) {
    throw diskFault(error, 'write', folder)
  }
}

/** Not by Node's own `recursive`, which never returns below /proc. */
function makeWithParents(folder: string): void {
  if (existsSync(folder)) return
  makeWithParents(dirname(folder))
  mkdirSync(folder, { mode: 0o700 })
}
