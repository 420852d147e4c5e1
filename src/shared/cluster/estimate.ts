// One plan's step: time split by what it is spent on, memory, utilisation. Closed forms only; a few microseconds each.
import { calibration, type Calibration } from './calibration.ts'
import { allReduceSeconds, gatherSeconds, sendSeconds } from './collectives.ts'
import { hardwareFlops, modelFlops } from './flops.ts'
import { headTime, layerTime } from './layer-time.ts'
import type { GpuMachine } from './machine.ts'
import { fits, heaviestStage, type MemoryConstants, type StageMemory } from './memory.ts'
import { checkPlan, dataDegree, microBatches, type GpuPlan } from './plan.ts'
import { stageLayers } from './stages.ts'
import { layerParameters, type ClusterModel } from './transformer.ts'

/** Seconds of a step on the slowest stage; they add up to the step. */
export interface StepBreakdown {
  forward: number
  backward: number
  recompute: number
  /** All-reduces, or gathers and scatters, of tensor parallelism that nothing hides. */
  tensor: number
  /** Sends from stage to stage. */
  pipeline: number
  /** Gradients and, with ZeRO, weights between data ranks, that nothing hides. */
  data: number
  /** Stages that wait while the pipeline fills and drains. */
  bubble: number
  optimizer: number
  /** Waiting for the slowest of many nodes. */
  waiting: number
}

export interface Estimate {
  stepSeconds: number
  breakdown: StepBreakdown
  memoryBytesPerDevice: number
  memory: StageMemory
  fits: boolean
  mfu: number
  hfu: number
  tokensPerSecond: number
  flopsPerDevicePerSecond: number
}

/**
 * What each stage does for one micro-batch, seconds, sends included: the input of closed forms and of the event
 * schedule.
 */
export interface StageTimes {
  forward: number[]
  backward: number[]
}

interface Parts {
  times: StageTimes
  breakdown: StepBreakdown
}

/** The step of a plan that has been checked. */
export function stepTime(
  model: ClusterModel,
  plan: GpuPlan,
  machine: GpuMachine,
  layers: readonly number[],
  constants: Calibration,
): Parts {
  const { tensor, pipeline, interleave, devices } = plan
  const data = dataDegree(plan)
  const m = microBatches(plan)
  const tokens = plan.microBatch * model.context
  const layer = layerTime(model, plan, machine, constants)
  const head = headTime(model, plan, machine, constants)
  let send = 0
  if (pipeline > 1) {
    const isScattered = plan.sequenceParallel || (plan.scatterGather && tensor > 1)
    send = sendSeconds(
      (2 * tokens * model.width) / (isScattered ? tensor : 1),
      tensor * data,
      devices,
      machine,
      constants,
    )
    if (isScattered && !plan.sequenceParallel)
      send += gatherSeconds(2 * tokens * model.width, tensor, 1, machine, constants)
  }
  // ZeRO-3 gathers a block's weights before each pass and scatters its gradients. FSDP does so beside the block before,
  // and in every table that costs the block as much time as the collective takes: both want the same multiprocessors
  // and memory.
  const shard = plan.zero >= 2 && data > 1 ? shardedLayer(model, plan, machine, data, constants) : null
  const forwardLayer = layer.forward + layer.forwardTensor
  const backwardLayer = layer.backward + layer.backwardTensor + layer.recompute + layer.recomputeTensor
  const exposedForward = shard?.forward ?? 0
  const exposedBackward = shard?.backward ?? 0
  const forward: number[] = new Array(pipeline)
  const backward: number[] = new Array(pipeline)
  let slowest = 0
  let sum = 0
  for (let i = 0; i < pipeline; i++) {
    const isLast = i === pipeline - 1
    forward[i] =
      layers[i] * (forwardLayer + exposedForward) +
      (isLast ? head.forward : send * interleave) +
      (isLast && interleave > 1 ? send * (interleave - 1) : 0)
    backward[i] =
      layers[i] * (backwardLayer + exposedBackward) +
      (isLast ? head.backward + head.tensor : 0) +
      (i > 0 ? send * interleave : interleave > 1 ? send * (interleave - 1) : 0)
    sum += forward[i] + backward[i]
    if (forward[i] + backward[i] > forward[slowest] + backward[slowest]) slowest = i
  }
  const busiest = forward[slowest] + backward[slowest]
  const bubble = plan.schedule === 'gpipe' ? gpipeBubble(forward, backward, m) : (sum - busiest) / interleave
  const own = layers[slowest]
  const isLast = slowest === pipeline - 1
  const parameters = heaviestShare(model, plan, layers)
  const gradients = dataSeconds(plan, parameters, data, machine, constants, m * (busiest / 2))
  const optimizer = optimizerSeconds(plan, parameters, data, machine, constants)
  const breakdown: StepBreakdown = {
    forward: m * (own * layer.forward + (isLast ? head.forward : 0)),
    backward: m * (own * layer.backward + (isLast ? head.backward : 0)),
    recompute: m * own * layer.recompute,
    tensor:
      m * (own * (layer.forwardTensor + layer.backwardTensor + layer.recomputeTensor) + (isLast ? head.tensor : 0)),
    pipeline: 0,
    data: gradients + m * own * (exposedForward + exposedBackward),
    bubble,
    optimizer,
    waiting: 0,
  }
  breakdown.pipeline = Math.max(
    0,
    m * busiest -
      breakdown.forward -
      breakdown.backward -
      breakdown.recompute -
      breakdown.tensor -
      m * own * (exposedForward + exposedBackward),
  )
  const whole = m * busiest + bubble
  breakdown.waiting = whole * constants.jitter * Math.log2(Math.max(1, devices / machine.devicesPerNode))
  return { times: { forward, backward }, breakdown }
}

/** GPipe drains after it has filled: every stage waits for all others once each way. */
function gpipeBubble(forward: readonly number[], backward: readonly number[], m: number): number {
  const total = (times: readonly number[]) => times.reduce((sum, one) => sum + one, 0) + (m - 1) * Math.max(...times)
  let busiest = 0
  for (let i = 0; i < forward.length; i++) busiest = Math.max(busiest, m * (forward[i] + backward[i]))
  return Math.max(0, total(forward) + total(backward) - busiest) // sums in another order differ in their last digits
}

/** Parameters of the device that holds most. */
function heaviestShare(model: ClusterModel, { tensor, pipeline }: GpuPlan, layers: readonly number[]): number {
  const embedding = model.vocabulary * model.width
  let most = Math.max(
    layers[0] * layerParameters(model) + embedding,
    layers[pipeline - 1] * layerParameters(model) + (pipeline > 1 ? embedding : 0),
  )
  if (pipeline > 2) most = Math.max(most, layers[pipeline >> 1] * layerParameters(model))
  return most / tensor
}

/** Weights and biases of a block: four products, two norms. */
const tensorsPerLayer = 12

function shardedLayer(
  model: ClusterModel,
  plan: GpuPlan,
  machine: GpuMachine,
  data: number,
  constants: Calibration,
): { forward: number; backward: number } {
  const pieces = plan.shardUnit === 'tensor' ? tensorsPerLayer : 1
  const bytes = (2 * layerParameters(model)) / plan.tensor / pieces
  const once = pieces * gatherSeconds(bytes, data, plan.tensor, machine, constants)
  const gather = plan.zero >= 3 ? once : 0
  return { forward: gather, backward: gather + once }
}

/** Gradients once a step: an all-reduce, or with ZeRO-1 a scatter and a gather of the same volume. */
function dataSeconds(
  plan: GpuPlan,
  parameters: number,
  data: number,
  machine: GpuMachine,
  constants: Calibration,
  hiding: number,
): number {
  if (data === 1 || plan.zero >= 2) return 0
  const bytes = Math.min(plan.gradientBytes, plan.zero === 1 ? 2 : 4) * parameters
  const seconds = allReduceSeconds(bytes, data, plan.tensor, machine, constants)
  if (!plan.overlapData) return seconds
  const bucket = Math.min(1, 50e6 / bytes)
  return Math.max(seconds * bucket, seconds - hiding / (plan.batch / plan.microBatch / data))
}

/** Adam reads and writes some 30 bytes per parameter. */
function optimizerSeconds(
  plan: GpuPlan,
  parameters: number,
  data: number,
  machine: GpuMachine,
  { memoryShare, stepHostSeconds }: Calibration,
): number {
  const own = plan.zero >= 1 ? parameters / data : parameters
  return (30 * own + 6 * parameters) / (machine.memoryBytesPerSecond * memoryShare) + stepHostSeconds
}

/** Everything about a plan. Throws a Fault with the numbers that clash when it cannot be. */
export function estimate(
  model: ClusterModel,
  plan: GpuPlan,
  machine: GpuMachine,
  constants: Calibration = calibration,
  memoryConstants?: MemoryConstants,
): Estimate {
  checkPlan(model, plan, machine)
  return estimateChecked(model, plan, machine, constants, memoryConstants)
}

/** The same for a plan known to be possible. */
export function estimateChecked(
  model: ClusterModel,
  plan: GpuPlan,
  machine: GpuMachine,
  constants: Calibration = calibration,
  memoryConstants?: MemoryConstants,
): Estimate {
  const layers = stageLayers(model, plan)
  const { breakdown } = stepTime(model, plan, machine, layers, constants)
  const { forward, backward, recompute, tensor, pipeline, data, bubble, optimizer, waiting } = breakdown
  const stepSeconds = forward + backward + recompute + tensor + pipeline + data + bubble + optimizer + waiting
  const memory = heaviestStage(model, plan, layers, memoryConstants)
  const isFitting = fits(memory, machine)
  const perDevice = 1 / (plan.devices * stepSeconds)
  const peak = machine.matmulFlopsPerSecond * (plan.precision === 'fp8' ? 2 : 1)
  const executed = hardwareFlops(model, plan.batch, plan.recompute) * perDevice
  return {
    stepSeconds,
    breakdown,
    memoryBytesPerDevice: isFitting ? Math.min(memory.total, machine.memoryBytes) : memory.total,
    memory,
    fits: isFitting,
    mfu: (modelFlops(model, plan.batch) * perDevice) / peak,
    hfu: executed / peak,
    tokensPerSecond: (plan.batch * model.context) / stepSeconds,
    flopsPerDevicePerSecond: executed,
  }
}
