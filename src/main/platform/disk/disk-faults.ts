// What the disk refuses, said so that a person knows which file it was and what to do.
import { Fault, type FaultCode } from '#shared/fault.ts'

const reasons: Record<string, [FaultCode, string]> = {
  ENOSPC: ['disk-full', 'the disk is full. Nothing half-written was kept; free some space and try again'],
  EDQUOT: ['disk-full', 'the disk quota is used up. Nothing half-written was kept; free some space and try again'],
  EFBIG: ['too-large', 'the file would be larger than is allowed here'],
  ENOENT: ['not-found', 'it is not there'],
  ENOTDIR: ['not-found', 'part of the path is a file, not a folder'],
  EISDIR: ['bad-input', 'it is a folder, not a file'],
  EACCES: ['bad-input', 'permission was denied'],
  EPERM: ['bad-input', 'permission was denied'],
  EROFS: ['bad-input', 'the disk can only be read'],
  EMFILE: ['failed', 'too many files are open. End something else that has many open, or raise the limit (ulimit -n)'],
  ELOOP: ['bad-input', 'its links lead in a circle'],
  EIO: ['failed', 'the disk answers with errors. Look after it before anything else'],
  EBUSY: ['conflict', 'it is in use'],
  ENOTEMPTY: ['conflict', 'something else wrote there meanwhile'],
  EEXIST: ['conflict', 'something else wrote there meanwhile'],
  ENAMETOOLONG: ['bad-input', 'its name is too long'],
}

/** A system error as a Fault that names the file; a Fault, a cancellation or a bug passes through as it is. */
export function diskFault(error: unknown, doing: 'read' | 'write' | 'remove', path: string): unknown {
  if (error instanceof Fault || !(error instanceof Error)) return error
  const { code, syscall } = error as NodeJS.ErrnoException
  if (!code || !syscall) return error
  if (syscall === 'uv_cwd')
    return new Fault('not-found', 'The current folder is gone. Go to one that is there and try again.', {
      cause: error,
    })
  const [fault, reason] = reasons[code] ?? (['failed', `the system answered ${code}`] as [FaultCode, string])
  return new Fault(fault, `Could not ${doing} ${path}: ${reason}.`, { cause: error, details: error.message })
}

/** What was being done when the system refused it, by its own word for that. */
export const doingOf = (error: unknown): 'read' | 'write' =>
  /write|mkdir|rename|sync|truncate/.test((error as NodeJS.ErrnoException | null)?.syscall ?? '') ? 'write' : 'read'

export const isMissing = (error: unknown): boolean => (error as NodeJS.ErrnoException)?.code === 'ENOENT'
