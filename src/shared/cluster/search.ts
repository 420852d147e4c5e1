// The best plans for a model on a machine: every possible plan is tried, whole branches that cannot fit memory are cut
// first.
import { calibration, type Calibration } from './calibration.ts'
import { estimateChecked, type StepBreakdown } from './estimate.ts'
import type { GpuMachine } from './machine.ts'
import { stateBytes, stageParameters } from './memory.ts'
import {
  gpuPlanDefaults,
  machineComplaint,
  planComplaint,
  type GpuPlan,
  type Recompute,
  type ZeroStage,
} from './plan.ts'
import { stageLayers } from './stages.ts'
import type { ClusterModel } from './transformer.ts'

export interface SearchRequest {
  /** One or more numbers of devices. */
  devices: readonly number[]
  /** Sequences per step. */
  batch: number
  /** At most this much on a device; the device's memory when absent. */
  memoryBytes?: number
  /** At most this long a step. */
  stepSeconds?: number
  /** What every plan shares: attention, precision, overlap. */
  base?: Partial<GpuPlan>
  /** How many of the best to give back. */
  keep?: number
}

export interface Candidate {
  plan: GpuPlan
  stepSeconds: number
  memoryBytesPerDevice: number
  mfu: number
  tokensPerSecond: number
  breakdown: StepBreakdown
  /** Why it is behind the best; empty for the best. */
  because: string
}

export interface SearchResult {
  /** Plans looked at, whole branches cut for memory included. */
  plans: number
  /** Of them, estimated one by one. */
  evaluated: number
  /** Of those, the ones within the limits. */
  possible: number
  best: Candidate[]
  /** No other plan is faster with as few devices and as little memory. */
  pareto: Candidate[]
}

const divisors = (value: number, largest = value): number[] => {
  const found: number[] = []
  for (let i = 1; i <= Math.min(value, largest); i++) if (value % i === 0) found.push(i)
  return found
}

const recomputes: readonly Recompute[] = ['none', 'selective', 'full']

/** How far a search is. */
export interface SearchProgress {
  /** Plans estimated. */
  evaluated: number
  /** Of all degrees that are gone through. */
  share: number
}

/** Searches in slices, so that whoever runs it can stop it or show how far it is. */
export function* searching(
  model: ClusterModel,
  machine: GpuMachine,
  request: SearchRequest,
  constants: Calibration = calibration,
): Generator<SearchProgress, SearchResult> {
  const { batch, keep = 10 } = request
  const limit = Math.min(request.memoryBytes ?? machine.memoryBytes, machine.memoryBytes)
  const counts = { plans: 0, evaluated: 0, possible: 0 }
  const best: Candidate[] = []
  const front: Candidate[] = []
  for (const [at, devices] of request.devices.entries()) {
    const tensors = divisors(model.heads, Math.min(devices, machine.devicesPerNode)).filter(
      (tensor) => devices % tensor === 0,
    )
    for (const [place, tensor] of tensors.entries()) {
      const stages = divisors(devices / tensor, model.layers)
      for (const [step, pipeline] of stages.entries()) {
        const share = (at + (place + step / stages.length) / tensors.length) / request.devices.length
        const data = devices / tensor / pipeline
        if (batch % data !== 0) continue
        for (const interleave of pipeline === 1 ? [1] : divisors(Math.floor(model.layers / pipeline))) {
          if (interleave > 1 && model.layers % (pipeline * interleave) !== 0) continue
          for (const zero of (data === 1 ? [0] : pipeline === 1 ? [0, 1, 2, 3] : [0, 1]) as ZeroStage[]) {
            const microBatches = divisors(batch / data)
            const variants = microBatches.length * recomputes.length * (tensor > 1 ? 2 : 1)
            const common = { ...gpuPlanDefaults, ...request.base, devices, tensor, pipeline, interleave, zero, batch }
            if (leastBytes(model, common, data) > limit) {
              counts.plans += variants
              continue
            }
            for (const microBatch of microBatches) {
              for (const recompute of recomputes) {
                for (const sequenceParallel of tensor > 1 ? [true, false] : [false]) {
                  counts.plans++
                  const plan: GpuPlan = { ...common, microBatch, recompute, sequenceParallel }
                  if (plan.attention === 'flash' && recompute === 'selective') continue // nothing is left to select
                  if (planComplaint(model, plan) || machineComplaint(plan, machine)) continue
                  consider(plan)
                  if (counts.evaluated % 4096 === 0) yield { evaluated: counts.evaluated, share }
                }
              }
            }
          }
        }
      }
    }
  }
  const first = best[0]
  for (const one of best) one.because = one === first ? '' : whyBehind(one, first)
  for (const one of front) one.because = one === first || !first ? '' : whyBehind(one, first)
  return { ...counts, best, pareto: front.sort((a, b) => a.stepSeconds - b.stepSeconds) }

  function consider(plan: GpuPlan): void {
    counts.evaluated++
    const { stepSeconds, memory, memoryBytesPerDevice, mfu, tokensPerSecond, breakdown } = estimateChecked(
      model,
      plan,
      machine,
      constants,
    )
    if (memory.least > limit || stepSeconds > (request.stepSeconds ?? Infinity)) return
    counts.possible++
    const candidate: Candidate = {
      plan,
      stepSeconds,
      memoryBytesPerDevice,
      mfu,
      tokensPerSecond,
      breakdown,
      because: '',
    }
    if (best.length < keep || stepSeconds < best[best.length - 1].stepSeconds) {
      best.splice(best.findIndex((one) => one.stepSeconds > stepSeconds) >>> 0, 0, candidate)
      if (best.length > keep) best.pop()
    }
    const isNoWorse = (a: Candidate, b: Candidate) =>
      a.stepSeconds <= b.stepSeconds &&
      a.memoryBytesPerDevice <= b.memoryBytesPerDevice &&
      a.plan.devices <= b.plan.devices
    if (front.some((one) => isNoWorse(one, candidate))) return
    for (let i = front.length - 1; i >= 0; i--) if (isNoWorse(candidate, front[i])) front.splice(i, 1)
    front.push(candidate)
  }
}

/** The whole search at once. */
export function searchPlans(
  model: ClusterModel,
  machine: GpuMachine,
  request: SearchRequest,
  constants?: Calibration,
): SearchResult {
  const run = searching(model, machine, request, constants)
  for (;;) {
    const { done, value } = run.next()
    if (done) return value
  }
}

/**
 * Weights, gradients and optimizer state alone, on a stage without embeddings: what no micro-batch or recomputation can
 * make smaller.
 */
function leastBytes(model: ClusterModel, plan: GpuPlan, data: number): number {
  const layers = stageLayers(model, plan)
  const { weights, gradients, optimizer } = stateBytes(plan, data)
  return (
    (weights + gradients + optimizer) *
    stageParameters(model, plan, plan.pipeline > 2 ? 1 : 0, layers[plan.pipeline > 2 ? 1 : 0])
  )
}

const words: Record<keyof StepBreakdown, string> = {
  forward: 'in its forward products',
  backward: 'in its backward products',
  recompute: 'recomputing activations',
  tensor: 'on tensor-parallel messages',
  pipeline: 'on sends between stages',
  data: 'on messages between data ranks',
  bubble: 'in the pipeline bubble',
  optimizer: 'in the optimizer',
  waiting: 'waiting for the slowest node',
}

/** What a plan spends more on than the best, largest first. */
function whyBehind(
  one: Pick<Candidate, 'breakdown' | 'stepSeconds' | 'plan'>,
  best: Pick<Candidate, 'breakdown' | 'stepSeconds' | 'plan'>,
): string {
  // fewer devices: the same work takes longer, and that is no fault of the plan
  const scale = best.plan.devices / one.plan.devices
  const more = (Object.keys(words) as (keyof StepBreakdown)[])
    .map((name) => ({ name, seconds: one.breakdown[name] - best.breakdown[name] * scale }))
    .filter(({ seconds }) => seconds > 0.002 * best.stepSeconds)
    .sort((a, b) => b.seconds - a.seconds)
    .slice(0, 2)
  if (more.length === 0)
    return one.plan.devices < best.plan.devices
      ? `uses ${one.plan.devices} devices, not ${best.plan.devices}`
      : 'within 0.2 % of the best in every part'
  return more.map(({ name, seconds }) => `${seconds.toPrecision(2)} s more ${words[name]}`).join(', ')
}
