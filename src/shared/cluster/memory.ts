// Bytes on one device, stage by stage: weights, gradients, optimizer state, activations in flight, and what is needed
// in passing.
import type { GpuMachine } from './machine.ts'
import { dataDegree, microBatches, type GpuPlan } from './plan.ts'
import { inFlight, stageLayers } from './stages.ts'
import {
  embeddingParameters,
  keyValueWidth,
  layerMatrixParameters,
  layerParameters,
  type ClusterModel,
} from './transformer.ts'

/** One stage's device at its fullest, bytes. */
export interface StageMemory {
  stage: number
  layers: number
  parameters: number
  weights: number
  gradients: number
  optimizer: number
  /** Kept from forward to backward, all micro-batches in flight. */
  activations: number
  /** The block being recomputed or run, logits, gathered weights. */
  working: number
  /** The driver's context, communication buffers, and what the allocator keeps between uses. */
  reserved: number
  total: number
  /** The same when the allocator gives back what it can: what decides whether the plan fits. */
  least: number
}

/**
 * Measured on an A100-40 with nothing but a context and kernels: 1573 MiB (bigscience-workshop/bigscience,
 * tr11-176B-ml).
 */
const contextBytes = 1573 * 2 ** 20

/** What no formula of tensors gives: fitted to the measured plans of BLOOM's prequel. */
export interface MemoryConstants {
  /** Held by a caching allocator beyond what is used. */
  reserveShare: number
  /** What it cannot give back when memory is short. */
  keptShare: number
  /** The same without stages or tensor ranks. */
  simpleKeptShare: number
  /** Buffers of collectives and buckets once there is more than one device. */
  bufferBytes: number
  /** fp32 copy of 16-bit gradients during the optimizer's step, bytes per parameter it updates. */
  stepBytes: number
}

export const memoryConstants: MemoryConstants = {
  reserveShare: 0.2576,
  keptShare: 0.1265,
  simpleKeptShare: 0.02,
  bufferBytes: 3.677e9,
  stepBytes: 4,
}

/**
 * Activations of one block for one micro-batch on one device, bytes at 16 bits. Korthikanti et al. 2022, table 2 and
 * eq. 1-6:
 * sbh(10 + 24/t + 5as/ht), all over t with sequence parallelism, without the last term when the core is recomputed,
 * 2sbh when all is.
 */
export function layerActivationBytes(
  model: ClusterModel,
  {
    tensor,
    microBatch,
    recompute,
    sequenceParallel,
    attention,
  }: Pick<GpuPlan, 'tensor' | 'microBatch' | 'recompute' | 'sequenceParallel' | 'attention'>,
): number {
  const { width, heads, feedForward, context } = model
  const tokens = microBatch * context
  const shared = sequenceParallel ? tensor : 1
  if (recompute === 'full') return (2 * tokens * width) / shared
  const cut = (4 * width + 2 * keyValueWidth(model) + (model.isGated ? 8 : 4) * feedForward) / tensor
  const scores = recompute === 'selective' || attention === 'flash' ? 0 : (5 * heads * context) / tensor
  return tokens * ((10 * width) / shared + cut + scores)
}

/**
 * Weights one device of stage i holds; the tied head is a second copy of the embedding on the last stage. Norms and
 * half the biases are not cut.
 */
export function stageParameters(
  model: ClusterModel,
  { tensor, pipeline }: Pick<GpuPlan, 'tensor' | 'pipeline'>,
  stage: number,
  layers: number,
): number {
  const matrices = layerMatrixParameters(model)
  const whole = (model.hasBiases ? 6 : 2) * model.width
  const cut = layerParameters(model) - matrices - whole
  let parameters = layers * ((matrices + cut) / tensor + whole)
  if (stage === 0) parameters += embeddingParameters(model) / tensor
  if (stage === pipeline - 1) {
    parameters += 2 * model.width
    if (pipeline > 1 || !model.isHeadTied) parameters += (model.vocabulary * model.width) / tensor
  }
  return parameters
}

/**
 * Bytes per parameter for weights, gradients and optimizer over d data ranks: 18 with fp32 gradients, 6 + 12/d with
 * ZeRO-1.
 */
export function stateBytes(
  { zero, gradientBytes }: Pick<GpuPlan, 'zero' | 'gradientBytes'>,
  data: number,
): { weights: number; gradients: number; optimizer: number } {
  return {
    weights: zero >= 3 ? 2 / data : 2,
    gradients: zero >= 2 ? gradientBytes / data : gradientBytes,
    optimizer: zero >= 1 ? 12 / data : 12,
  }
}

function stageMemory(
  model: ClusterModel,
  plan: GpuPlan,
  stage: number,
  layers: number,
  constants: MemoryConstants = memoryConstants,
): StageMemory {
  const data = dataDegree(plan)
  const m = microBatches(plan)
  const tokens = plan.microBatch * model.context
  const parameters = stageParameters(model, plan, stage, layers)
  const each = stateBytes(plan, data)
  const kept = layerActivationBytes(model, plan)
  const activations = inFlight(stage, m, plan) * layers * kept
  const whole =
    plan.recompute === 'full'
      ? layerActivationBytes(model, { ...plan, recompute: 'none' }) - kept
      : plan.recompute === 'selective' && plan.attention === 'plain'
        ? (5 * plan.microBatch * model.heads * model.context ** 2) / plan.tensor
        : 0
  // Logits at 16 and 32 bits and their gradient, 2 + 4 + 2; with fused kernels the loss overwrites them, 2 + 2. Inputs
  // and outputs of stages.
  const logits =
    stage === plan.pipeline - 1 ? ((plan.attention === 'flash' ? 4 : 8) * tokens * model.vocabulary) / plan.tensor : 0
  const boundary = 4 * tokens * model.width
  // Whole blocks: the one at work and one on the way in, and gradients on the way out; or the largest tensor and the
  // next.
  const gatheredParameters =
    plan.shardUnit === 'layer' ? 3 * layerParameters(model) : 2 * model.width * model.feedForward
  const gathered = plan.zero >= 3 && data > 1 ? (2 * gatheredParameters) / plan.tensor : 0
  const stepping = plan.gradientBytes === 2 ? (constants.stepBytes * parameters) / (plan.zero >= 1 ? data : 1) : 0
  const weights = each.weights * parameters
  const gradients = each.gradients * parameters
  const optimizer = each.optimizer * parameters
  // The optimizer steps when activations are gone.
  const working = Math.max(Math.max(whole, logits) + boundary + gathered, stepping - activations)
  const used = weights + gradients + optimizer + activations + working
  const isSimple = plan.pipeline === 1 && plan.tensor === 1 // what is kept is freed in the order opposite to its making
  const buffers = contextBytes + (plan.devices > 1 && !isSimple ? constants.bufferBytes : 0)
  const reserved = buffers + constants.reserveShare * used
  const least = used + buffers + (isSimple ? constants.simpleKeptShare : constants.keptShare) * used
  return {
    stage,
    layers,
    parameters,
    weights,
    gradients,
    optimizer,
    activations,
    working,
    reserved,
    total: Math.max(least, used + reserved),
    least,
  }
}

/** Every stage, first to last. */
export const allStages = (model: ClusterModel, plan: GpuPlan, constants?: MemoryConstants): StageMemory[] =>
  stageLayers(model, plan).map((layers, stage) => stageMemory(model, plan, stage, layers, constants))

/** The stage that needs most. */
export function heaviestStage(
  model: ClusterModel,
  plan: GpuPlan,
  layers: readonly number[],
  constants?: MemoryConstants,
): StageMemory {
  let most = stageMemory(model, plan, 0, layers[0], constants)
  for (let i = 1; i < layers.length; i++) {
    // Between the first and the last, only a stage with more layers than the one before can need more.
    if (i !== 1 && i !== layers.length - 1 && layers[i] <= layers[i - 1]) continue
    const one = stageMemory(model, plan, i, layers[i], constants)
    if (one.total > most.total) most = one
  }
  return most
}

/** Whether a device holds it. */
export const fits = ({ least }: StageMemory, { memoryBytes }: GpuMachine): boolean => least <= memoryBytes
