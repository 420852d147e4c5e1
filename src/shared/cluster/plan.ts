// How a model is spread over a machine: the second of three records. Impossible plans are refused with the numbers that
// clash.
import { Fault } from '../fault.ts'
import { oneOf, readRecord, wholeNumber } from './checks.ts'
import type { Machine } from './machine.ts'
import type { ClusterModel } from './transformer.ts'

export type Recompute = 'none' | 'selective' | 'full'
export type Schedule = '1f1b' | 'gpipe'
export type ZeroStage = 0 | 1 | 2 | 3

/** Data x tensor x pipeline parallelism on GPUs. The data degree is what is left: devices / (tensor x pipeline). */
export interface GpuPlan {
  kind: 'gpu'
  devices: number
  /** t: every matrix cut in t. */
  tensor: number
  /** p: stages. */
  pipeline: number
  /** v: model chunks a stage holds; 1 is not interleaved. */
  interleave: number
  schedule: Schedule
  /** b: sequences that go through the pipeline together. */
  microBatch: number
  /** B: sequences per step, all devices together. */
  batch: number
  recompute: Recompute
  sequenceParallel: boolean
  /** What is shared out over the data ranks: 1 optimizer state, 2 also gradients, 3 also weights. */
  zero: ZeroStage
  attention: 'plain' | 'flash'
  precision: 'fp16' | 'bf16' | 'fp8'
  /** Bytes per parameter kept as gradients: 2, 4 (accumulated in fp32) or 6 (both). */
  gradientBytes: 2 | 4 | 6
  /** Embedding and head take the place of a layer each when stages are cut, as in BLOOM's final plan. */
  embeddingsAsLayers: boolean
  /** The backward all-reduce of tensor parallelism runs beside the weight gradient (Megatron since 2022). */
  overlapTensor: boolean
  /** Gradients are reduced in buckets beside the backward pass. */
  overlapData: boolean
  /** Each tensor rank sends its share to the next stage, which gathers it over the fast link. */
  scatterGather: boolean
  /**
   * What ZeRO-3 gathers at once: a whole block beside the block before (FSDP), or each tensor when it is needed (early
   * DeepSpeed).
   */
  shardUnit: 'layer' | 'tensor'
  /**
   * How the trainer is written. `separate`: a framework's own operators, one kernel each (PyTorch FSDP). `fused`:
   * norms, biases, dropouts and activations joined by hand (Megatron). `compiled`: a graph, a compiler's code or C, for
   * which no device waits.
   */
  kernels: 'separate' | 'fused' | 'compiled'
}

/** Weight streaming: every system runs whole layers on its share of the batch; only data parallelism. */
export interface StreamingPlan {
  kind: 'streaming'
  systems: number
  /** Sequences per step, all systems together. */
  batch: number
  /** Sequences a system takes through one pass of the weights; its share of the batch is a whole number of these. */
  microBatch: number
  /** What stays on the wafer between forward and backward: the inputs of layers, or everything. */
  activations: 'boundaries' | 'all'
}

export type Plan = GpuPlan | StreamingPlan

const switches = oneOf(true, false)

export const gpuPlanDefaults: Omit<GpuPlan, 'devices' | 'batch'> = {
  kind: 'gpu',
  tensor: 1,
  pipeline: 1,
  interleave: 1,
  schedule: '1f1b',
  microBatch: 1,
  recompute: 'none',
  sequenceParallel: false,
  zero: 0,
  attention: 'plain',
  precision: 'bf16',
  gradientBytes: 4,
  embeddingsAsLayers: false,
  overlapTensor: true,
  overlapData: false,
  scatterGather: true,
  shardUnit: 'layer',
  kernels: 'fused',
}

/** A GPU plan from outside, with defaults for what it leaves out. */
export const readGpuPlan = (given: unknown): GpuPlan =>
  readRecord<GpuPlan>(
    'GPU plan',
    given,
    {
      kind: oneOf('gpu'),
      devices: wholeNumber(1),
      tensor: wholeNumber(1),
      pipeline: wholeNumber(1),
      interleave: wholeNumber(1),
      schedule: oneOf('1f1b', 'gpipe'),
      microBatch: wholeNumber(1),
      batch: wholeNumber(1),
      recompute: oneOf('none', 'selective', 'full'),
      sequenceParallel: switches,
      zero: oneOf(0, 1, 2, 3),
      attention: oneOf('plain', 'flash'),
      precision: oneOf('fp16', 'bf16', 'fp8'),
      gradientBytes: oneOf(2, 4, 6),
      embeddingsAsLayers: switches,
      overlapTensor: switches,
      overlapData: switches,
      scatterGather: switches,
      shardUnit: oneOf('layer', 'tensor'),
      kernels: oneOf('separate', 'fused', 'compiled'),
    },
    gpuPlanDefaults,
  )

/** A streaming plan from outside; the micro-batch is a system's whole share unless it says otherwise. */
export const readStreamingPlan = (given: unknown): StreamingPlan => {
  const { systems, batch } = given as Partial<StreamingPlan>
  const share = Number(batch) / Number(systems)
  return readRecord<StreamingPlan>(
    'streaming plan',
    given,
    {
      kind: oneOf('streaming'),
      systems: wholeNumber(1),
      batch: wholeNumber(1),
      microBatch: wholeNumber(1),
      activations: oneOf('boundaries', 'all'),
    },
    { kind: 'streaming', microBatch: Number.isInteger(share) && share > 0 ? share : 1, activations: 'boundaries' },
  )
}

export const dataDegree = ({ devices, tensor, pipeline }: Pick<GpuPlan, 'devices' | 'tensor' | 'pipeline'>): number =>
  devices / (tensor * pipeline)

/** m: micro-batches that pass through each pipeline in a step. */
export const microBatches = (plan: GpuPlan): number => plan.batch / (dataDegree(plan) * plan.microBatch)

/** Why a plan cannot be, with the numbers that clash; null when it can. */
export function planComplaint(model: ClusterModel, plan: GpuPlan): string | null {
  const { devices, tensor, pipeline, interleave, microBatch, batch } = plan
  if (devices % (tensor * pipeline) !== 0)
    return `${devices} devices do not divide into tensor ${tensor} x pipeline ${pipeline} = ${tensor * pipeline}.`
  const data = dataDegree(plan)
  if (model.heads % tensor !== 0)
    return `${model.name} has ${model.heads} heads; tensor ${tensor} does not divide them.`
  if (model.width % tensor !== 0)
    return `${model.name} has a width of ${model.width}; tensor ${tensor} does not divide it.`
  if (model.feedForward % tensor !== 0)
    return `${model.name} has an MLP of ${model.feedForward}; tensor ${tensor} does not divide it.`
  if (pipeline > model.layers) return `${pipeline} stages are more than the ${model.layers} layers of ${model.name}.`
  if (interleave > 1 && pipeline === 1)
    return `Interleaving ${interleave} chunks needs a pipeline of at least 2 stages; there is 1.`
  if (interleave > 1 && plan.schedule !== '1f1b')
    return `Interleaving ${interleave} chunks is a form of 1f1b; the schedule is ${plan.schedule}.`
  if (interleave > 1 && model.layers % (pipeline * interleave) !== 0) {
    return `${model.layers} layers do not divide into pipeline ${pipeline} x interleave ${interleave} = ${pipeline * interleave} chunks.`
  }
  if (batch % (data * microBatch) !== 0)
    return `A batch of ${batch} does not divide into data ${data} x micro-batch ${microBatch} = ${data * microBatch}.`
  const m = batch / (data * microBatch)
  if (interleave > 1 && m % pipeline !== 0)
    return `An interleaved schedule needs the ${m} micro-batches to be a multiple of its ${pipeline} stages.`
  if (plan.sequenceParallel && model.context % tensor !== 0)
    return `Sequence parallelism cuts ${model.context} tokens by tensor ${tensor}, which does not divide them.`
  if (plan.sequenceParallel && tensor === 1)
    return 'Sequence parallelism shares the work of tensor ranks; there is only tensor 1.'
  return null
}

export function checkPlan(model: ClusterModel, plan: GpuPlan, machine: Machine): void {
  const complaint =
    planComplaint(model, plan) ??
    (machine.kind === 'gpu'
      ? machineComplaint(plan, machine)
      : `${machine.name} streams weights: give it systems and a batch, not ${plan.devices} GPUs.`)
  if (complaint) throw new Fault('bad-input', complaint)
}

/** Why a machine cannot carry a plan; null when it can. */
export function machineComplaint({ devices, precision }: GpuPlan, machine: Machine & { kind: 'gpu' }): string | null {
  if (devices > machine.devicesPerNode && !machine.networkBytesPerSecond) {
    return `${devices} devices need a network: ${machine.name} has ${machine.devicesPerNode} to a node and no "networkBytesPerSecond".`
  }
  if (devices > 1 && !machine.linkBytesPerSecond)
    return `${devices} devices need a link: ${machine.name} has no "linkBytesPerSecond".`
  if (precision === 'fp8' && !machine.hasFp8) return `${machine.name} has no fp8 matrix units; use bf16.`
  if (precision === 'bf16' && !machine.hasBf16) return `${machine.name} has no bf16 matrix units; use fp16.`
  return null
}

export function checkStreamingPlan(plan: StreamingPlan, machine: Machine): void {
  const { systems, batch, microBatch } = plan
  if (machine.kind !== 'wafer')
    throw new Fault('bad-input', `${machine.name} does not stream weights; give it devices and degrees.`)
  if (systems > machine.maximumSystems)
    throw new Fault(
      'bad-input',
      `${systems} systems are more than the ${machine.maximumSystems} that ${machine.name}'s fabric joins.`,
    )
  if (batch % systems !== 0)
    throw new Fault('bad-input', `A batch of ${batch} does not divide over ${systems} systems.`)
  if ((batch / systems) % microBatch !== 0)
    throw new Fault(
      'bad-input',
      `A system's share of ${batch / systems} sequences does not divide into micro-batches of ${microBatch}.`,
    )
}
