// Figure 6: two published trainings on GPUs, and the same models on any number of wafer-scale systems.
import { gpuPlanDefaults, type GpuPlan, type StreamingPlan } from '#shared/cluster/plan.ts'
import { streamingEstimate } from '#shared/cluster/streaming.ts'
import type { WaferMachine } from '#shared/cluster/machine.ts'
import type { ClusterModel } from '#shared/cluster/transformer.ts'

export interface PublishedRun {
  title: string
  modelId: string
  machineId: string
  plan: GpuPlan
  tokens: number
  /** What was published of its speed, in words. */
  published: string
  /** TFLOP/s per device, published. */
  teraflops: number
  /** What the publication leaves open and was assumed. */
  assumed: string
  source: string
}

export const publishedRuns: readonly PublishedRun[] = [
  {
    title: 'OPT-175B on 992 GPUs',
    modelId: 'opt-175b',
    machineId: 'a100-80',
    tokens: 300e9,
    teraflops: 147,
    plan: {
      ...gpuPlanDefaults,
      devices: 992,
      tensor: 8,
      pipeline: 1,
      zero: 3,
      microBatch: 8,
      batch: 992,
      recompute: 'full',
      precision: 'fp16',
    },
    published: 'up to 147 TFLOP/s per device, about 33 days of continuous time on 1,024',
    assumed: 'a batch of 992 sequences for the published 2 M tokens; micro-batch 8',
    source: 'Zhang et al. 2022 (arXiv 2205.01068) and its logbook',
  },
  {
    title: 'GPT-NeoX-20B on 96 GPUs',
    modelId: 'gpt-neox-20b',
    machineId: 'a100-40-neox',
    tokens: 150_000 * 1536 * 2048,
    teraflops: 117,
    plan: {
      ...gpuPlanDefaults,
      devices: 96,
      tensor: 2,
      pipeline: 4,
      zero: 1,
      microBatch: 4,
      batch: 1536,
      recompute: 'full',
      precision: 'fp16',
    },
    published: '117 TFLOP/s per device, 1,830 hours for 150,000 steps: the two disagree by 8 %',
    assumed: 'embedding and head placed as in Megatron',
    source: 'EleutherAI/gpt-neox, configs/20B.yml; speeds quoted second-hand',
  },
]

/** Systems that a batch divides over. */
export const systemsFor = (batch: number, most: number): number[] =>
  Array.from({ length: most }, (_, i) => i + 1).filter((count) => batch % count === 0)

/** The largest micro-batch whose activations a wafer holds; 1 where none does. */
export function streamingPlanFor(
  model: ClusterModel,
  machine: WaferMachine,
  systems: number,
  batch: number,
): StreamingPlan {
  const share = batch / systems
  const plan = (microBatch: number): StreamingPlan => ({
    kind: 'streaming',
    systems,
    batch,
    microBatch,
    activations: 'boundaries',
  })
  for (let microBatch = share; microBatch > 1; microBatch--) {
    if (share % microBatch === 0 && streamingEstimate(model, plan(microBatch), machine).fits) return plan(microBatch)
  }
  return plan(1)
}
