// The one kind of failure a person gets to read.
import { longestDetailsBytes, longestMessageBytes, shortened } from './bounds.ts'
import { oneLine } from './printable.ts'

export type FaultCode =
  | 'bad-input' // a field that cannot be used; the message names it
  | 'not-found'
  | 'conflict' // the thing is busy, exists already, or was changed meanwhile
  | 'diverged' // the loss became NaN or infinite
  | 'damaged' // a file that does not say what it should
  | 'too-large' // does not fit memory or the model's limits
  | 'disk-full' // goes on when there is space again
  | 'unavailable' // an engine, device or peer that is not here
  | 'cancelled'
  | 'failed' // anything else a door caught; `details` has the original

/** A failure the person can mend: a code for programs and a sentence for them. `details` is shown behind a click. */
export class Fault extends Error {
  readonly code: FaultCode
  readonly details?: string
  constructor(code: FaultCode, message: string, options?: { cause?: unknown; details?: string }) {
    super(message, options)
    this.name = 'Fault'
    this.code = code
    this.details = options?.details
  }
}

const fullDiskCodes = ['disk-full', 'SQLITE_FULL', 'SQLITE_IOERR_SHMSIZE', 'ENOSPC', 'EDQUOT']

/** Whether something failed only because there is no space, be it a Fault, SQLite's or the system's own error. */
export const isDiskFull = (error: unknown): boolean =>
  fullDiskCodes.includes(String((error as { code?: unknown } | null)?.code))

/** A failure as it crosses a bridge, where an Error would lose its class. */
export interface FaultData {
  code: FaultCode
  message: string
  details?: string
}

/** What every door answers: the value, or the failure as plain data. */
export type Reply<T = unknown> = { ok: true; value: T } | ({ ok: false } & FaultData)

/**
 * Any thrown thing as plain data, in one line and cut to what a message may be, because it may quote a file; what was
 * not meant for a person keeps its own words under `details`. Never throws.
 */
export function toFaultData(error: unknown): FaultData {
  const { code, message, details } = uncut(error)
  return {
    code,
    message: oneLine(shortened(message, longestMessageBytes)) || nothingSaid,
    ...(details ? { details: shortened(details, longestDetailsBytes) } : {}),
  }
}

function uncut(error: unknown): FaultData {
  if (error instanceof Fault) return error
  const first = error instanceof Error ? error.message : wordsOf(error)
  const details = error instanceof Error ? (error.stack ?? error.message) : first
  return { code: 'failed', message: first.split('\n', 1)[0], details }
}

const nothingSaid = 'Something failed without saying why.'

/** A thrown thing that is no Error; not everything can be made words. */
function wordsOf(thrown: unknown): string {
  try {
    return String(thrown)
  } catch {
    return 'Something failed that cannot be put in words.'
  }
}

/** The other half: a reply's value, or its failure thrown again as the Fault it was. */
export function fromReply<T>(reply: Reply<T>): T {
  if (reply.ok) return reply.value
  throw new Fault(reply.code, reply.message, { details: reply.details })
}
