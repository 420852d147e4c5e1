// What both checks are handed.
import type { ModelPlan } from '#shared/family/model.ts'
import type { Batch, ObservedEngine } from '#main/core/engine/engine.ts'

export interface CheckDeps {
  createEngine: (model: ModelPlan) => Promise<ObservedEngine>
  /** The first `rows` sequences of the training batch of `step`; the same for every model of a seed. */
  batchAt: (step: number, rows: number, seed?: number) => Batch
  /** Text that is not trained on, to be scored. */
  validation: Batch
  signal: AbortSignal
}
