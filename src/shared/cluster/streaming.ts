// Weight streaming: one step on wafers that hold one layer at a time, its weights on the way in and its gradients on
// the way out.
import { hardwareFlops, layerForwardFlops, logitsForwardFlops, modelFlops } from './flops.ts'
import type { WaferMachine } from './machine.ts'
import { checkStreamingPlan, type StreamingPlan } from './plan.ts'
import { clusterParameters, embeddingParameters, layerParameters, type ClusterModel } from './transformer.ts'

export interface StreamingBreakdown {
  /** Wafers at work. */
  compute: number
  /** Wafers waiting for weights to come or gradients to leave. */
  streaming: number
  /** Between steps: the last gradients out, the update, the first weights in. */
  edge: number
  /** Lost as systems are added, by the one fitted parameter. */
  waiting: number
}

export interface StreamingEstimate {
  stepSeconds: number
  breakdown: StreamingBreakdown
  /** On one wafer: activations it keeps, and two layers of weights. */
  memoryBytesPerDevice: number
  fits: boolean
  /** Parameters and optimizer state in the store, 2 + 4 + 8 bytes per parameter, and whether it holds them. */
  storeBytes: number
  storeFits: boolean
  /** Weights leave the store and gradients come back, bytes per step: independent of the number of systems. */
  storeOutBytes: number
  storeInBytes: number
  /** Tokens of a micro-batch above which a wafer, and not its stream, is the limit. */
  criticalTokens: number
  tokensPerPass: number
  mfu: number
  /** Recomputed forward passes counted too. */
  hfu: number
  tokensPerSecond: number
  /** Against one system with the same share of the batch. */
  speedup: number
}

/** One layer's pass on a wafer, for a timeline. */
export interface StreamingEvent {
  kind: 'weights in' | 'forward' | 'backward' | 'gradients out' | 'update'
  layer: number
  start: number
  end: number
}

/** 16 bits a weight each way in, 32 bits a gradient out: weight-streaming white paper. */
const weightBytes = 2
const gradientBytes = 4

/**
 * P u / beta: 2 bytes and 2 FLOPs per parameter and token each forward pass; 4 and 4 going back. The same for every
 * model.
 */
export const criticalTokens = ({ matmulFlopsPerSecond, utilisation, streamBytesPerSecond }: WaferMachine): number =>
  (matmulFlopsPerSecond * utilisation) / streamBytesPerSecond

/** Share of N times one system's speed that N systems reach: 1 / (1 + loss x log2 N). */
export const systemsEfficiency = (
  systems: number,
  { lossPerDoubling }: Pick<WaferMachine, 'lossPerDoubling'>,
): number => 1 / (1 + lossPerDoubling * Math.log2(systems))

/**
 * Layers as they stream: the embedding, the blocks, the head (the embedding again when tied). Parameters and forward
 * FLOPs of a pass.
 */
function streamedLayers(model: ClusterModel, tokens: number): { parameters: number; flops: number }[] {
  const block = { parameters: layerParameters(model), flops: layerForwardFlops(model, tokens) }
  return [
    { parameters: embeddingParameters(model), flops: 0 },
    ...Array.from({ length: model.layers }, () => block),
    { parameters: model.isHeadTied ? 0 : model.vocabulary * model.width, flops: logitsForwardFlops(model, tokens) },
  ]
}

export function streamingEstimate(model: ClusterModel, plan: StreamingPlan, machine: WaferMachine): StreamingEstimate {
  checkStreamingPlan(plan, machine)
  const passes = plan.batch / plan.systems / plan.microBatch
  const tokens = plan.microBatch * model.context
  const { compute, whole } = onePass(model, plan, machine)
  const parameters = clusterParameters(model)
  const edge = edgeSeconds(model, plan.systems, machine)
  const alone = passes * whole + edgeSeconds(model, 1, machine)
  const stepSeconds = (passes * whole + edge) / systemsEfficiency(plan.systems, machine)
  const kept = activationBytes(model, plan)
  const resident = 2 * weightBytes * Math.max(layerParameters(model), embeddingParameters(model) / 2)
  const storeBytes = parameters * 14
  return {
    stepSeconds,
    breakdown: {
      compute: passes * compute,
      streaming: passes * (whole - compute),
      edge,
      waiting: stepSeconds - passes * whole - edge,
    },
    memoryBytesPerDevice: kept + resident,
    fits: kept + resident <= machine.memoryBytes,
    storeBytes,
    storeFits: storeBytes <= machine.storeBytes,
    storeOutBytes: 2 * weightBytes * parameters * passes,
    storeInBytes: gradientBytes * parameters * passes,
    criticalTokens: criticalTokens(machine),
    tokensPerPass: tokens,
    mfu: modelFlops(model, plan.batch) / stepSeconds / (machine.matmulFlopsPerSecond * plan.systems),
    hfu:
      hardwareFlops(model, plan.batch, plan.activations === 'boundaries' ? 'full' : 'none') /
      stepSeconds /
      (machine.matmulFlopsPerSecond * plan.systems),
    tokensPerSecond: (plan.batch * model.context) / stepSeconds,
    speedup: (plan.systems * alone) / stepSeconds,
  }
}

/** What a wafer keeps from forward to backward: the inputs of its layers, or every activation but the scores. */
export const activationBytes = (
  model: ClusterModel,
  { microBatch, activations }: Pick<StreamingPlan, 'microBatch' | 'activations'>,
): number => microBatch * model.context * model.width * model.layers * (activations === 'boundaries' ? 2 : 34)

/** Forward and backward of one micro-batch: at each layer the slowest of computing, weights in and gradients out. */
function onePass(
  model: ClusterModel,
  plan: StreamingPlan,
  machine: WaferMachine,
): { compute: number; whole: number; events: StreamingEvent[] } {
  const layers = streamedLayers(model, plan.microBatch * model.context)
  const speed = machine.matmulFlopsPerSecond * machine.utilisation
  const inSeconds = layers.map(({ parameters }) => (weightBytes * parameters) / machine.streamBytesPerSecond)
  const outSeconds = layers.map(({ parameters }) => (gradientBytes * parameters) / machine.streamBytesPerSecond)
  const again = plan.activations === 'boundaries' ? 1 : 0 // a forward once more, from the layer's kept input
  const events: StreamingEvent[] = []
  let now = 0
  let compute = 0
  const last = layers.length - 1
  for (let i = 0; i <= last; i++) {
    const work = layers[i].flops / speed
    const arriving = i < last ? inSeconds[i + 1] : 0
    events.push({ kind: 'forward', layer: i, start: now, end: now + work })
    if (i < last) events.push({ kind: 'weights in', layer: i + 1, start: now, end: now + arriving })
    now += Math.max(work, arriving)
    compute += work
  }
  for (let i = last; i >= 0; i--) {
    const isBlock = i > 0 && i < last
    const work = ((2 + (isBlock ? again : 0)) * layers[i].flops) / speed
    const arriving = i > 0 ? inSeconds[i - 1] : 0
    const leaving = i < last ? outSeconds[i + 1] : 0
    events.push({ kind: 'backward', layer: i, start: now, end: now + work })
    if (i > 0) events.push({ kind: 'weights in', layer: i - 1, start: now, end: now + arriving })
    if (i < last) events.push({ kind: 'gradients out', layer: i + 1, start: now, end: now + leaving })
    now += Math.max(work, arriving, leaving)
    compute += work
  }
  return { compute, whole: now, events }
}

/**
 * Exposed once a step: first weights in, last gradients out, and the fabric's hops down and up; the update itself goes
 * on beside them in the store.
 */
function edgeSeconds(model: ClusterModel, systems: number, machine: WaferMachine): number {
  const hops = 2 * Math.ceil(Math.log(systems) / Math.log(machine.fanOut) - 1e-9)
  return (
    ((weightBytes + gradientBytes) * embeddingParameters(model)) / machine.streamBytesPerSecond +
    hops * machine.hopSeconds
  )
}

/** One pass of one system, layer by layer, seconds. */
export const streamingEvents = (model: ClusterModel, plan: StreamingPlan, machine: WaferMachine): StreamingEvent[] =>
  onePass(model, plan, machine).events
