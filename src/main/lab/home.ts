// The data folder, for one lab at a time.
import { join } from 'node:path'
import { Fault } from '#shared/fault.ts'
import { takeLock, type Lock } from '#main/platform/disk/database-lock.ts'
import { makePrivateFolder } from '#main/platform/disk/private-folder.ts'

/** Makes it where it is not there and locks it. A Fault where another process has it, or it cannot be written. */
export function takeHome(home: string): Lock {
  makePrivateFolder(home)
  const taken = takeLock(join(home, 'lab.lock'))
  if ('lock' in taken) return taken.lock
  const who = taken.heldBy ? `process ${taken.heldBy}` : 'another process'
  throw new Fault(
    'conflict',
    `The lab in ${home} is open already, in ${who}. Use that one, end it, or choose another data folder.`,
  )
}
