// What SQLite refuses, said so that a person knows whether to make room, to look after the disk or to restore a backup.
import { Fault } from '#shared/fault.ts'

/** What SQLite says of a disk that takes nothing, for a person; everything else as it is. */
export function storeFault(error: unknown): unknown {
  if (error instanceof Fault) return error
  const { code, message } = error as { code?: string; message?: string }
  // The second: its index, which is shared with readers, did not find room.
  if (code === 'SQLITE_FULL' || code === 'SQLITE_IOERR_SHMSIZE')
    return new Fault('disk-full', 'The disk is full. Make room and try again; nothing that was saved is lost.', {
      cause: error,
    })
  // System errors 23 and 24: too many open files.
  if (code === 'SQLITE_CANTOPEN' || /os error 2[34]\)/.test(message ?? ''))
    return new Fault(
      'failed',
      'A file of the lab’s store cannot be opened. Look at its permissions, and at how many files are open (ulimit -n); then try again.',
      { cause: error },
    )
  if (code?.startsWith('SQLITE_IOERR') || code === 'SQLITE_NOMEM')
    return new Fault(
      'failed',
      `The disk or the memory fails the lab’s store (${code}). Look after it, then try again.`,
      { cause: error },
    )
  if (code === 'SQLITE_READONLY' || /readonly database/.test(message ?? ''))
    return new Fault('bad-input', 'The lab’s store can only be read here. Choose a data folder that can be written.', {
      cause: error,
    })
  return error
}

/** What the disk does is no damage: nobody should move a store away for it. */
export function damaged(path: string, cause: unknown): Fault {
  const fault = storeFault(cause)
  if (fault instanceof Fault) return fault
  return new Fault(
    'damaged',
    `${path} is damaged and cannot be read. It was left as it is: restore it from a backup, or move it away to begin anew.`,
    { cause, details: cause instanceof Error ? cause.message : String(cause) },
  )
}
