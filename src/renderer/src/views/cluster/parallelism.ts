// Why each kind of parallelism hurts, as curves of the cost model: one kind at a time, everything else held.
import { estimate } from '#shared/cluster/estimate.ts'
import type { GpuMachine } from '#shared/cluster/machine.ts'
import { layerActivationBytes } from '#shared/cluster/memory.ts'
import { gpuPlanDefaults, type GpuPlan } from '#shared/cluster/plan.ts'
import type { ClusterModel } from '#shared/cluster/transformer.ts'

export type Kind = 'data' | 'tensor' | 'pipeline'
export const kinds: readonly Kind[] = ['data', 'tensor', 'pipeline']
const degrees = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512]

/** One kind alone on so many devices, at a fixed batch. */
const alone = (kind: Kind, devices: number, batch: number, precision: GpuPlan['precision']): GpuPlan => ({
  ...gpuPlanDefaults,
  precision,
  devices,
  batch,
  recompute: 'full',
  [kind === 'data' ? 'kind' : kind]: kind === 'data' ? 'gpu' : devices,
})

export interface KindPoint {
  devices: number
  /** Speed of each device, of one device alone. */
  efficiency: number
  fits: boolean
}

/** Degrees that the model cannot be split into are left out. */
export function efficiencyOf(kind: Kind, model: ClusterModel, machine: GpuMachine, batch: number): KindPoint[] {
  const precision = machine.hasBf16 ? 'bf16' : 'fp16'
  const one = estimate(model, alone('data', 1, batch, precision), machine)
  return degrees.flatMap((devices) => {
    try {
      const { tokensPerSecond, fits } = estimate(model, alone(kind, devices, batch, precision), machine)
      return [{ devices, efficiency: tokensPerSecond / one.tokensPerSecond / devices, fits }]
    } catch {
      return [] // heads, layers or the batch do not divide: there is no such plan
    }
  })
}

export interface DepthCurves {
  /** 1F1B, the same model cut into more stages: L (p + 1) / 2 layers' worth over all stages. */
  sameModel: { x: number; y: number }[]
  /** 1F1B, a pipeline made longer because the model is deeper, L = k p: k p (p + 1) / 2. */
  deeperModel: { x: number; y: number }[]
  /** GPipe, with as many micro-batches a stage as before, so that the bubble stays: L m. */
  gpipe: { x: number; y: number }[]
}

/**
 * Bytes of kept activations over all stages of one pipeline, against its depth (Korthikanti et al. 2022, section 4.2.3,
 * summed over stages).
 */
export function activationsByDepth(
  model: ClusterModel,
  plan: GpuPlan,
  microBatchesPerStage: number,
  deepest = 64,
): DepthCurves {
  const layer = layerActivationBytes(model, plan) * plan.tensor
  const layersPerStage = model.layers / plan.pipeline
  const depths = [1, 2, 4, 8, 16, 32, 64].filter((p) => p <= deepest)
  const curve = (bytes: (p: number) => number) => depths.map((x) => ({ x, y: bytes(x) * layer }))
  return {
    sameModel: curve((p) => (model.layers * (p + 1)) / 2),
    deeperModel: curve((p) => (layersPerStage * p * (p + 1)) / 2),
    gpipe: curve((p) => layersPerStage * p * microBatchesPerStage * p),
  }
}
