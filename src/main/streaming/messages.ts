// What the processes of a cluster say to each other, by way of the host. Numbers travel in files; messages say that they are there.
import type { EngineName } from '#shared/engine/engine.ts'
import type { AdamSettings, ModelPlan } from '#shared/family/model.ts'
import type { FaultData } from '#shared/fault.ts'

/** What a process of the cluster is started with. */
export interface PartJob {
  kind: 'cluster-part'
  role: 'store' | 'fabric' | 'system'
  /** Its number among the systems; 0 for the others. */
  system: number
  systems: number
  model: ModelPlan
  engine: EngineName
  threads: number
  /** Where the files of numbers lie. */
  folder: string
  /** What a system may hold. */
  systemWeightBytes: number
}

/** The rows of one system in a pass. */
export interface Share {
  rows: number
  columns: number
  inputs: Int32Array
  targets: Int32Array
  /** Multiplies every token's gradient. */
  gradientScale: number
}

/**
 * To a part. `run` numbers the passes over the model, repeated ones too: whatever belongs to another run than the last is out of date
 * and dropped. `item` counts the weights or gradients of the layout from 0.
 */
export type ToPart =
  /** Begin a pass. To the store: whether it is the first of its step. To the fabric: whose gradients it sums. To a system: its rows. */
  | { kind: 'pass'; run: number; isFirst: boolean; contributors: number[]; share: Share | null }
  /** To the fabric: these weights are on the store's link. To the systems: they are in your inbox. */
  | { kind: 'weights'; run: number; item: number }
  /** To the store: its link is free again. To the fabric: all inboxes are. */
  | { kind: 'taken'; run: number; item: number }
  /** To the fabric: all systems have put out this gradient. To the store: its sum is there. */
  | { kind: 'gradient'; run: number; item: number }
  /** To the systems: it is summed. To the fabric: the store has it. */
  | { kind: 'summed'; run: number; item: number }
  /** To the store: update with what has been gathered, and commit. */
  | { kind: 'update'; step: number; learningRate: number; adam: AdamSettings }

/** Seconds of one layer on a system: waiting for its weights, copying them in, computing. */
export interface LayerTimes { wait: number; copy: number; compute: number }

export type FromPart =
  | { kind: 'ready'; device: string }
  /** Bytes are those that came in and went out for this; `seconds` what that took. */
  | { kind: 'weights' | 'taken' | 'gradient' | 'summed'; run: number; item: number; in: number; out: number; seconds: number }
  /** A system's pass is over: sum of its tokens' losses, and what was measured. */
  | { kind: 'passed'; run: number; loss: number; times: LayerTimes[]; peakWeightBytes: number; peakBytes: number }
  | { kind: 'updated'; step: number; norm: number; seconds: number; peakBytes: number }
  | { kind: 'fault'; fault: FaultData }

/** A part as a function of what it is told, whatever carries the messages. */
export interface PartBody {
  take(message: ToPart): void | Promise<void>
  close(): void
}
