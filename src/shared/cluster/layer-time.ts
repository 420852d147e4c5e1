// Seconds of one block, and of the head, for one micro-batch on one device: products by their shape, the rest by the
// bytes it moves.
import type { Calibration } from './calibration.ts'
import { allReduceSeconds } from './collectives.ts'
import type { GpuMachine } from './machine.ts'
import type { GpuPlan } from './plan.ts'
import { keyValueWidth, type ClusterModel } from './transformer.ts'

/** One block and one micro-batch, seconds. */
export interface LayerTime {
  forward: number
  backward: number
  /** Forward work done again in the backward pass. */
  recompute: number
  forwardTensor: number
  backwardTensor: number
  recomputeTensor: number
}

/** Bytes a score reads of ALiBi's bias. */
const alibiBytes = 2

/**
 * Rows and columns of a product that one multiprocessor takes at a time, and of its best speed what a tile reaches that
 * reuses its operands less (NVIDIA, Matrix Multiplication Background, section 2.3).
 */
const tiles: readonly { rows: number; columns: number; share: number }[] = [
  { rows: 256, columns: 128, share: 1 },
  { rows: 128, columns: 256, share: 1 },
  { rows: 128, columns: 128, share: 0.95 },
  { rows: 64, columns: 128, share: 0.8 },
  { rows: 128, columns: 64, share: 0.8 },
]

/** 2MNK at a speed that grows with K, in whole waves of multiprocessors, by whichever tile is done first. */
export function matmulSeconds(
  m: number,
  n: number,
  k: number,
  machine: GpuMachine,
  { matmulShare, matmulDepth, memoryShare }: Calibration,
  speed = 1,
): number {
  let area = Infinity // rows x columns computed, what runs idle in the last wave included
  for (const { rows, columns, share } of tiles) {
    const waves = Math.ceil((Math.ceil(m / rows) * Math.ceil(n / columns)) / machine.multiprocessors)
    area = Math.min(area, (waves * machine.multiprocessors * rows * columns) / share)
  }
  const compute = (2 * area * (k + matmulDepth)) / (machine.bestMatmulFlopsPerSecond * matmulShare * speed)
  const memory = (2 * (m * k + k * n + m * n)) / (machine.memoryBytesPerSecond * memoryShare)
  return Math.max(compute, memory)
}

/**
 * A weight matrix applied to `rows` tokens: forward, and going back the gradients of its input and of itself, each a
 * product of another shape.
 */
function linearSeconds(
  rows: number,
  columns: number,
  depth: number,
  machine: GpuMachine,
  constants: Calibration,
  speed = 1,
): { forward: number; inputGradient: number; weightGradient: number } {
  return {
    forward: matmulSeconds(rows, columns, depth, machine, constants, speed),
    inputGradient: matmulSeconds(rows, depth, columns, machine, constants, speed),
    weightGradient: matmulSeconds(depth, columns, rows, machine, constants, speed),
  }
}

/** Off the matrix units, where 8 does not divide a head's features: measured on Jean Zay with an A100. */
const misalignedFlops = 10e12
const bestA100Flops = 271.2e12

function attentionFlopsPerSecond(
  model: ClusterModel,
  plan: GpuPlan,
  machine: GpuMachine,
  constants: Calibration,
): number {
  const features = model.width / model.heads
  const best = machine.bestMatmulFlopsPerSecond
  const flashShare = machine.hasFp8 && plan.kernels === 'separate' ? constants.hopperFlashShare : constants.flashShare
  if (plan.attention === 'flash') return (best * flashShare * (features / (features + 32)) * (128 + 32)) / 128
  if (features % 8 !== 0) return misalignedFlops * (best / bestA100Flops)
  return best * constants.attentionShare
}

export function layerTime(model: ClusterModel, plan: GpuPlan, machine: GpuMachine, constants: Calibration): LayerTime {
  const { width, heads, feedForward, context } = model
  const { tensor, microBatch } = plan
  const speed = plan.precision === 'fp8' ? 1.6 : 1 // of the 2 that fp8 promises, what casts and scales leave
  const tokens = microBatch * context
  const memory = machine.memoryBytesPerSecond * constants.memoryShare
  const linear = [
    linearSeconds(tokens, (width + keyValueWidth(model)) / tensor, width, machine, constants, speed),
    linearSeconds(tokens, width, width / tensor, machine, constants, speed),
    linearSeconds(tokens, ((model.isGated ? 2 : 1) * feedForward) / tensor, width, machine, constants, speed),
    linearSeconds(tokens, width, feedForward / tensor, machine, constants, speed),
  ]
  let products = 0
  let inputGradients = 0
  let weightGradients = 0
  for (const { forward, inputGradient, weightGradient } of linear) {
    products += forward
    inputGradients += inputGradient
    weightGradients += weightGradient
  }
  const core = (4 * tokens * context * width) / tensor / attentionFlopsPerSecond(model, plan, machine, constants)
  const scores =
    plan.attention === 'flash'
      ? 0
      : ((constants.scoreBytes + (model.positions === 'alibi' ? alibiBytes : 0)) *
          microBatch *
          (heads / tensor) *
          context *
          context) /
        memory
  // Two norms (read, write), two dropouts with bias and residual (read, read, write, mask): 22 bytes a feature; heads
  // turned 12, activation 4.
  const shared = plan.sequenceParallel ? tensor : 1
  const elementwiseShare = constants.elementwiseShare * (plan.kernels === 'separate' ? constants.separateShare : 1)
  const elementwise =
    (elementwiseShare * tokens * ((22 * width) / shared + (12 * width + 4 * feedForward) / tensor)) / memory
  const device = products + core + scores + elementwise
  const host = plan.kernels === 'compiled' ? 0 : constants.layerHostSeconds
  const forward = Math.max(device, host)
  const backwardCore = plan.attention === 'flash' ? 2.5 * core : 2 * core
  const backwardDevice = inputGradients + weightGradients + 2 * (scores + elementwise) + backwardCore
  const backward = Math.max(backwardDevice, 1.5 * host)
  const recompute =
    plan.recompute === 'full'
      ? forward
      : plan.recompute === 'selective' && plan.attention === 'plain'
        ? core + scores
        : 0
  if (tensor === 1) return { forward, backward, recompute, forwardTensor: 0, backwardTensor: 0, recomputeTensor: 0 }
  const reduce = allReduceSeconds(2 * tokens * width, tensor, 1, machine, constants)
  // Beside the weight gradients of its half of the block the collective of the input gradient hides, and while a device
  // waits for its host.
  const hidden = plan.overlapTensor ? (weightGradients + backward - backwardDevice) / 2 : 0
  // With sequence parallelism the all-reduce is a gather and a scatter; going back, the gather of the output's gradient
  // comes before anything that could hide it.
  const backwardReduce = plan.sequenceParallel
    ? reduce / 2 + Math.max(0, reduce / 2 - hidden)
    : Math.max(0, reduce - hidden)
  return {
    forward,
    backward,
    recompute,
    forwardTensor: 2 * reduce,
    backwardTensor: 2 * backwardReduce,
    recomputeTensor: plan.recompute === 'full' ? 2 * reduce : 0,
  }
}

/** The head on the last stage: logits and their loss, forward and backward, seconds a micro-batch. */
export function headTime(
  model: ClusterModel,
  plan: GpuPlan,
  machine: GpuMachine,
  constants: Calibration,
): { forward: number; backward: number; tensor: number } {
  const tokens = plan.microBatch * model.context
  const product = linearSeconds(tokens, model.vocabulary / plan.tensor, model.width, machine, constants)
  const loss =
    (constants.logitBytes * tokens * model.vocabulary) /
    plan.tensor /
    (machine.memoryBytesPerSecond * constants.memoryShare)
  const tensor = plan.tensor === 1 ? 0 : allReduceSeconds(2 * tokens * model.width, plan.tensor, 1, machine, constants)
  return {
    forward: product.forward + loss / 2,
    backward: product.inputGradient + product.weightGradient + loss / 2,
    tensor,
  }
}
