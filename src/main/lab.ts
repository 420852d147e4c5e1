// The front desk: every method of Lab, a few lines each, handing on to a room. Every door uses this one.
import type { About, Lab, LabNews, NewsKind } from '#shared/lab.ts'
import type { ForkWorker } from '#main/work/process.ts'

export interface LabOptions {
  /** Where everything is kept; made if it is not there. */
  home: string
  /** The folder of what ships as data: corpora/, families/. */
  resources: string
  version: string
  door: About['door']
  fork: ForkWorker
  /** Milliseconds since 1970. */
  nowMs?: () => number
}

/** The lab as its host holds it: what the window may ask, and what only the host may do. */
export interface LabHost extends Lab {
  /** Returns the way to stop listening. */
  listen<K extends NewsKind>(kind: K, listener: (news: LabNews[K]) => void): () => void
  /** Whether a run is starting or training, so that a door can ask before it closes. */
  isTraining(): boolean
  /** Lets the running training save itself, ends all workers, drops what was deleted, closes the store. */
  close(): Promise<void>
}
