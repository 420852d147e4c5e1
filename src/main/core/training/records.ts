// What a training says while it lasts, and how it ended.
import type { StreamingStep } from '#shared/cluster/live.ts'
import type { NoiseScale } from '#shared/noise-scale.ts'
import type { SampleRecord, StepRecord, ValidationRecord } from '#shared/run.ts'

export type TrainRecord =
  /** From where it goes on; records beyond `step` will come again. `message` says why it is not the last checkpoint. */
  | { kind: 'started'; step: number; device: string; checkpoints: number[]; message: string | null; awaitsHost: true }
  | { kind: 'step'; record: StepRecord; peakBytes: number; noise?: NoiseScale }
  | { kind: 'validation'; record: ValidationRecord }
  /** The whole split begins to be scored, which may take a while. */
  | { kind: 'scoring'; step: number }
  | { kind: 'sample'; record: SampleRecord }
  /** About to save: goes on when the host has made all earlier records safe. */
  | { kind: 'checkpointing'; step: number; awaitsHost: true }
  | { kind: 'checkpoint'; step: number; checkpoints: number[] }

/**
 * What a run's worker says: its training, and on an emulated cluster what was measured of the steps since the last
 * time.
 */
export type RunRecord = TrainRecord | { kind: 'streaming'; steps: StreamingStep[] }

export interface TrainOutcome {
  /** false: asked to stop before the last step. */
  isFinished: boolean
  step: number
}
