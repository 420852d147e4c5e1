// What the cost model says of a run that several processes of PyTorch train: data parallelism alone, one process for
// each GPU, before anything is submitted.
import { Fault } from '../fault.ts'
import type { TorchChoice, TorchPrediction } from '../place.ts'
import type { RunPlan } from '../run.ts'
import { answerGpu, type GpuAnswer } from './answer.ts'
import { withFigures, type GpuMachine } from './machine.ts'
import { readGpuPlan } from './plan.ts'
import { findGpuMachine } from './presets.ts'
import { clusterParameters, readModel } from './transformer.ts'

type Planned = Pick<RunPlan, 'name' | 'model' | 'member' | 'recipe'>

/** Eager operators, products by autocast, gradients in fp32, and no scores in memory. */
const plainTorch = { gradientBytes: 4, precision: 'bf16', attention: 'flash', kernels: 'separate' } as const

/** fp32 weights, gradients and two moments; what takes more of a card than half is cut over all (FSDP2, as ZeRO-3). */
const isCut = (parameters: number, { processes }: TorchChoice, { memoryBytes }: GpuMachine): boolean =>
  processes > 1 && 16 * parameters > memoryBytes / 2

/**
 * The machine on which products are fp32: their own peak, reached by the same share as that of the matrix units, and
 * twice the bytes for every number that is read, written or sent.
 */
function inFp32(machine: GpuMachine): GpuMachine {
  const { fp32FlopsPerSecond: peak, bestMatmulFlopsPerSecond, matmulFlopsPerSecond } = machine
  if (!peak)
    throw new Fault('unavailable', `How fast ${machine.name} multiplies in fp32 is not known; a recipe in bf16 is.`)
  return withFigures(machine, {
    matmulFlopsPerSecond: peak,
    bestMatmulFlopsPerSecond: (peak * bestMatmulFlopsPerSecond) / matmulFlopsPerSecond,
    memoryBytesPerSecond: machine.memoryBytesPerSecond / 2,
  })
}

/** The step of a run, by the cost model of the Cluster page; a Fault where the GPUs cannot be so many. */
export function torchAnswer(
  { model, member, recipe, name }: Planned,
  torch: TorchChoice,
  machine: GpuMachine,
): GpuAnswer {
  const { layers, width, heads, context, vocabulary } = model.shape
  const shape = readModel({ id: name, layers, width, heads, context, vocabulary })
  const { processes } = torch
  // The largest share of the batch decides: a process more than the batch has sequences has nothing to do.
  const share = Math.ceil(member.batchSequences / processes)
  const microBatch = Math.min(share, member.microBatchSequences)
  const batch = Math.ceil(share / microBatch) * microBatch * processes
  const zero = isCut(clusterParameters(shape), torch, machine) ? 3 : 0
  const nodes = withFigures(machine, { devicesPerNode: Math.min(processes, torch.perNode) })
  const hasHalf = recipe.precision === 'bf16'
  return answerGpu(
    shape,
    readGpuPlan({ devices: processes, microBatch, batch, zero, overlapData: processes > 1, ...plainTorch }),
    hasHalf ? nodes : inFp32({ ...nodes, hasBf16: true }),
    { tokens: null, pricePerDeviceHour: null, availability: 1 },
  )
}

/** Of all steps of a run; `card` names its GPUs among the machines. */
export function predictTorch(plan: Planned, torch: TorchChoice, card: string | null): TorchPrediction {
  const none = (trouble: string): TorchPrediction => ({ name: plan.name, seconds: null, error: null, trouble })
  if (torch.device === 'cpu') return none('The cost model knows GPUs, not CPUs.')
  if (card === null) return none('Its GPUs are not known: name them with --gpu, like h100.')
  try {
    const { stepSeconds, expectedError, fits } = torchAnswer(plan, torch, findGpuMachine(card))
    return {
      name: plan.name,
      seconds: stepSeconds * plan.member.steps,
      error: expectedError.share,
      trouble: fits ? null : `Its memory may be short: lower the batch, or take more GPUs.`,
    }
  } catch (error) {
    if (error instanceof Fault) return none(error.message)
    throw error
  }
}

/** By how much the time that a run took differs from the predicted one, as a share of what it took. */
export const predictionError = (predictedSeconds: number, tookSeconds: number): number =>
  (predictedSeconds - tookSeconds) / tookSeconds
