// One question to the cost model, answered whole: the step, its parts, memory by stage, energy, and how far such
// predictions are from measurements.
import { trainingCost, type TrainingCost } from './cost.ts'
import { estimate, type Estimate } from './estimate.ts'
import { utilisationConventionNames } from './flops.ts'
import type { GpuMachine, WaferMachine } from './machine.ts'
import { allStages, type StageMemory } from './memory.ts'
import { dataDegree, microBatches, type GpuPlan, type StreamingPlan } from './plan.ts'
import { streamingEstimate, type StreamingEstimate } from './streaming.ts'
import { clusterParameters, type ClusterModel } from './transformer.ts'
import { expectedError, type ExpectedError } from './trust.ts'

/** What the person says of the whole training. */
export interface Training {
  tokens: number | null
  pricePerDeviceHour: number | null
  availability: number
}

interface Common {
  model: string
  machine: string
  parameters: number
  utilisationConvention: string
  expectedError: ExpectedError
  /** Figures of the machine that are from memory or assumed. */
  unverified: string[]
  training: TrainingCost | null
}

export type GpuAnswer = Estimate &
  Common & { plan: GpuPlan; dataDegree: number; microBatches: number; stages: StageMemory[] }
export type StreamingAnswer = StreamingEstimate & Common & { plan: StreamingPlan }

const common = (model: ClusterModel, machine: GpuMachine | WaferMachine) => ({
  model: model.id,
  machine: machine.id,
  parameters: clusterParameters(model),
  utilisationConvention: utilisationConventionNames.megatron,
  unverified: Object.entries(machine.figures)
    .filter(([, { status }]) => status === 'unverified' || status === 'assumption')
    .map(([name]) => name),
})

const cost = (
  { tokens, pricePerDeviceHour, availability }: Training,
  step: { stepSeconds: number; tokensPerSecond: number },
  devices: number,
  deviceWatts: number,
) =>
  tokens === null
    ? null
    : trainingCost({
        tokens,
        tokensPerStep: Math.round(step.stepSeconds * step.tokensPerSecond),
        stepSeconds: step.stepSeconds,
        devices,
        deviceWatts,
        pricePerDeviceHour,
        availability,
      })

export function answerGpu(model: ClusterModel, plan: GpuPlan, machine: GpuMachine, training: Training): GpuAnswer {
  const step = estimate(model, plan, machine)
  return {
    ...step,
    ...common(model, machine),
    plan,
    dataDegree: dataDegree(plan),
    microBatches: microBatches(plan),
    stages: allStages(model, plan),
    expectedError: expectedError(plan, machine, model, clusterParameters(model)),
    training: cost(training, step, plan.devices, machine.deviceWatts),
  }
}

export function answerStreaming(
  model: ClusterModel,
  plan: StreamingPlan,
  machine: WaferMachine,
  training: Training,
): StreamingAnswer {
  const step = streamingEstimate(model, plan, machine)
  return {
    ...step,
    ...common(model, machine),
    plan,
    expectedError: expectedError(plan),
    training: cost(training, step, plan.systems, machine.systemWatts),
  }
}
