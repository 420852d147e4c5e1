// The data folder, for one lab at a time.
import { join } from 'node:path'
import { shortened } from '#shared/bounds.ts'
import { Fault } from '#shared/fault.ts'
import { takeLock, type Lock } from '#main/platform/disk/database-lock.ts'
import { isLabData, isLabFolder } from '#main/platform/disk/lab-data.ts'
import { makePrivateFolder } from '#main/platform/disk/private-folder.ts'

/** What a lab keeps in its folder, and what lies in any. */
const isOwn = (name: string): boolean => isLabData(name) || name.startsWith('.') || name === 'lost+found'

/**
 * A folder of other things is not made a lab where that would shut others out of them, or where the lab would take some
 * of them for its own: what no record names is swept.
 */
function refuseOthers(home: string, names: readonly string[], isOpen: boolean): void {
  const strange = names.find((name) => !isOwn(name))
  if (names.includes('isoflop.db') || strange === undefined || !(isOpen || names.some(isLabFolder))) return
  throw new Fault(
    'bad-input',
    `${home} holds ${shortened(strange, 60)}, which is no part of a lab. Choose a data folder of its own, such as ${join(home, 'isoflop')}.`,
  )
}

/** Makes it where it is not there and locks it. A Fault where another process has it, or it cannot be written. */
export function takeHome(home: string): Lock {
  makePrivateFolder(home, (names, isOpen) => refuseOthers(home, names, isOpen))
  const taken = takeLock(join(home, 'lab.lock'))
  if ('lock' in taken) return taken.lock
  const who = taken.heldBy ? `process ${taken.heldBy}` : 'another process'
  throw new Fault(
    'conflict',
    `The lab in ${home} is open already, in ${who}. Use that one, end it, or choose another data folder.`,
  )
}
