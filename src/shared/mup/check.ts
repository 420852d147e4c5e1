// Two checks of muP that a person can watch: do activations keep their size as models widen, and does the best learning
// rate stay put.
import type { ModelPlan } from '../family/model.ts'
import type { AdamSettings } from '../family/model.ts'
import type { EngineName } from '../engine.ts'
import type { FaultCode } from '../fault.ts'
import type { TaskState } from '../task-state.ts'

export const checkKinds = ['coordinates', 'transfer'] as const
/**
 * `coordinates`: activations against width over the first steps. `transfer`: final loss against learning rate, a curve
 * for each width.
 */
export type CheckKind = (typeof checkKinds)[number]

export type ParametrisationName = 'standard' | 'mup'

/**
 * `attention` and `mlp` are what a block's halves add to the stream [N, d], `block` the stream behind it, `logits` [N,
 * V].
 */
export type ActivationPlace = 'embedding' | 'attention' | 'mlp' | 'block' | 'logits'

/** What a person may choose; the study gives the rest. */
export interface CheckChoices {
  /** Ascending, each divisible by the heads. */
  widths: number[]
  layers: number
  /** Updates a model. */
  steps: number
  /** Peak rates; the coordinate check trains at the first alone. */
  learningRates: number[]
  /** Trainings of every model of a sweep, each with a seed of its own; 1 unless said. */
  seeds?: number
}

/** One model of a check: everything its training needs. */
export interface CheckModel {
  parametrisation: ParametrisationName
  width: number
  learningRate: number
  /** Of its weights and of the order of its text. */
  seed: number
  /** Parameters held. */
  parameters: number
  model: ModelPlan
}

/** A check worked out before anything runs. */
export interface CheckPlan extends CheckChoices {
  kind: CheckKind
  context: number
  /** Sequences per step. */
  rows: number
  seed: number
  adam: AdamSettings
  models: CheckModel[]
  engine: EngineName
  threads: number
}

/** The size of the activations at one place of one model after `step` updates. */
export interface CoordinatePoint {
  parametrisation: ParametrisationName
  width: number
  /** Updates done, 0 for the beginning. */
  step: number
  place: ActivationPlace
  /** Counted from 1; null for embedding and logits. */
  block: number | null
  /** Root mean square. */
  rms: number
  /** Root mean square of the difference from step 0, on the same text. */
  change: number
}

/** How one model ended. */
export interface TransferPoint {
  parametrisation: ParametrisationName
  width: number
  learningRate: number
  /** Absent in checks of older labs, which trained each model once. */
  seed?: number
  /** Validation loss after the last update, nats per token; null where the training diverged. */
  loss: number | null
}

export type CheckRecord =
  /** `share` of the whole check's work is done. */
  | { kind: 'coordinates'; points: CoordinatePoint[]; share: number }
  | { kind: 'transfer'; point: TransferPoint; share: number }
  | { kind: 'progress'; share: number }

export interface Check {
  id: string
  studyId: string
  kind: CheckKind
  state: TaskState
  choices: CheckChoices
  engine: EngineName
  coordinates: CoordinatePoint[]
  transfer: TransferPoint[]
  /** 0 to 1. */
  share: number
  secondsLeft: number | null
  /** What happened, for `failed`; what is awaited, for `queued`. */
  message: string | null
  code: FaultCode | null
  createdMs: number
  finishedMs: number | null
}
