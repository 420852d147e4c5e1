// What a lab is opened with, whichever door opens it.
import type { About } from '#shared/lab.ts'
import type { ForkWorker } from '#main/platform/processes/process.ts'

export interface LabOptions {
  /** Where everything is kept; made if it is not there. */
  home: string
  /** The folder of what ships as data. */
  resources: string
  version: string
  door: About['door']
  fork: ForkWorker
  /** Milliseconds since 1970. */
  nowMs?: () => number
  /**
   * Opened beside a process that has it, or on a disk that takes nothing: it is shown as it was last written, and
   * whatever would change it is refused with `conflict`.
   */
  isReadOnly?: boolean
  /** Whether a terminal is there in which ssh may ask for a password. */
  mayAsk?: boolean
}
