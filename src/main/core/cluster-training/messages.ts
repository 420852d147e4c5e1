// What a cluster's host and its processes say to each other. Numbers travel in files, and how far everyone is stands on
// the progress.
import type { EngineName, Precision } from '#shared/engine.ts'
import type { AdamSettings, ModelPlan } from '#shared/family/model.ts'
import type { FaultData } from '#shared/fault.ts'
import type { Kernels } from '#main/core/engine/kernels.ts'

/** What a process of the cluster is started with. */
export interface PartJob {
  kind: 'cluster-part'
  role: 'store' | 'fabric' | 'system'
  /** Its number among the systems; 0 for the others. */
  system: number
  systems: number
  model: ModelPlan
  engine: EngineName
  /** Of what the systems compute; the store's updates are fp32 in both. */
  precision: Precision
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

export type ToPart =
  /**
   * Begin a pass. `run` numbers the passes over the model, repeated ones too: a newer one breaks the older off. To the
   * store: whether it is the first of its step. To the fabric: whose gradients it sums. To a system: its rows.
   */
  | { kind: 'pass'; run: number; isFirst: boolean; contributors: number[]; share: Share | null }
  /** To the store: update with what has been gathered, and commit. */
  | { kind: 'update'; step: number; learningRate: number; adam: AdamSettings }

/** Seconds of one layer on a system: waiting for its weights, copying them in, computing. */
export interface LayerTimes {
  wait: number
  copy: number
  compute: number
}

/** Bytes that a part's kernels hold, and the most they ever held. */
export type Memory = ReturnType<Kernels['memory']>

/** Bytes that came in and went out of a part in a pass. */
export interface Traffic {
  in: number
  out: number
}

export type FromPart =
  | { kind: 'ready'; device: string; memory: Memory }
  /** Store and fabric have passed everything on; seconds that each item of weights took them. */
  | ({ kind: 'carried'; run: number; seconds: number[] } & Traffic)
  /** A system's pass is over: sum of its tokens' losses, and what was measured. */
  | ({
      kind: 'passed'
      run: number
      loss: number
      times: LayerTimes[]
      peakWeightBytes: number
      memory: Memory
    } & Traffic)
  | { kind: 'updated'; step: number; norm: number; seconds: number; memory: Memory }
  | { kind: 'fault'; fault: FaultData }

/** A part as a function of what it is told, whatever carries the messages. */
export interface PartBody {
  take(message: ToPart): void
  close(): void
}
