// How far a piece of long work has come: the same states for runs, evaluations, checks, corpora, tokens and models.
import type { FaultCode } from './fault.ts'

export type TaskState =
  | 'queued' // waits for its turn
  | 'running'
  | 'paused' // a person asked, or a full disk; can go on
  | 'finished'
  | 'failed'
  | 'cancelled' // a person asked; what was done until then stays where it can
  | 'interrupted' // the lab or its machine went away

/** Waits or runs: it changes without anybody asking. */
export const isUnderWay = ({ state }: { state: TaskState }): boolean => state === 'queued' || state === 'running'

/** Comes to its end without anybody's help: neither it nor what comes before it waits for space on a full disk. */
export const endsByItself = (task: { state: TaskState; code?: FaultCode | null }): boolean =>
  isUnderWay(task) && task.code !== 'disk-full'

/** What states were called in records of older labs. */
const olderNames: Record<string, TaskState> = {
  starting: 'running',
  training: 'running',
  ingesting: 'running',
  working: 'running',
  stopped: 'cancelled',
  ready: 'finished',
}

/** The same record, its state by today's name. */
export const withTaskState = <R extends { state: TaskState }>(record: R): R =>
  record.state in olderNames ? { ...record, state: olderNames[record.state] } : record
