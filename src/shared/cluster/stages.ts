// Which layers each pipeline stage holds, and how many micro-batches it holds at once.
import type { GpuPlan } from './plan.ts'
import type { ClusterModel } from './transformer.ts'

/**
 * Layers of each stage. When they do not divide, the middle stages take one more each, since the first has the
 * embedding and the last the head;
 * with `embeddingsAsLayers` embedding and head are counted among what is shared out.
 */
export function stageLayers({ layers }: ClusterModel, { pipeline, embeddingsAsLayers }: GpuPlan): number[] {
  if (pipeline === 1) return [layers]
  const units = embeddingsAsLayers ? layers + 2 : layers
  const each = Math.floor(units / pipeline)
  const over = units % pipeline
  const from = Math.floor((pipeline - over) / 2)
  const stages: number[] = new Array(pipeline)
  for (let i = 0; i < pipeline; i++) stages[i] = each + (i >= from && i < from + over ? 1 : 0)
  if (embeddingsAsLayers) {
    stages[0] -= 1
    stages[pipeline - 1] -= 1
  }
  return stages
}

/**
 * Micro-batches whose activations stage i holds at its fullest, in units of its whole share of layers: 1F1B min(m, p -
 * i); interleaved
 * the first stage holds 1 + (p-1)/(pv) times as much (Korthikanti et al. 2022, section 4.2.3); GPipe all m.
 */
export function inFlight(stage: number, microBatches: number, { pipeline, interleave, schedule }: GpuPlan): number {
  if (schedule === 'gpipe') return microBatches
  if (interleave === 1) return Math.min(microBatches, pipeline - stage)
  const chunks = Math.min(microBatches * interleave, 2 * (pipeline - stage - 1) + (interleave - 1) * pipeline + 1)
  return chunks / interleave
}
