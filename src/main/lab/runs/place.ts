// Between runs and where they run. Whatever the place, what it hears of a run goes through the same Recorder into the
// same records, so curves, checkpoints and the law do not know where a run was.
import type { PlaceChoice } from '#shared/place.ts'
import type { RunSummary } from '#shared/run.ts'

export interface Place {
  /** Takes runs that are written down as queued; tells news of them until each has ended. */
  start(runs: readonly RunSummary[], choice?: PlaceChoice): void
  /** Lets one go on that has ended or is paused. */
  resume(id: string, changes?: Partial<RunSummary>): RunSummary
  /** Asks it to save and to become so; gives what it is by then. */
  end(id: string, state: 'paused' | 'cancelled'): Promise<RunSummary>
  /** Before a run is deleted: it is stopped if it is under way. */
  leave(id: string): Promise<void>
  /** Writes what was heard of a run and not written yet. */
  flush(id: string): void
  /** Takes up what the last session left under way. */
  begin(runs: readonly RunSummary[]): void
  close(): Promise<void>
}
