// Runs that several processes of PyTorch train together: how they are asked for, and how long they take.
import { predictionError } from '#shared/cluster/torch-run.ts'
import type { TorchChoice, TorchPrediction } from '#shared/place.ts'
import type { RunSummary } from '#shared/run.ts'
import { duration, table } from './amounts.ts'

export interface TorchOptions {
  gpus?: number
  gpusPerNode?: number
  processes?: number
}

/** Most GPUs of a node, unless a person says otherwise. */
const usualPerNode = 8

export function torchOf({ gpus, gpusPerNode = usualPerNode, processes }: TorchOptions): TorchChoice | null {
  if (gpus !== undefined) return { processes: gpus, perNode: Math.min(gpus, gpusPerNode), device: 'cuda' }
  return processes === undefined ? null : { processes, perNode: processes, device: 'cpu' }
}

export const predictionsText = (predictions: readonly TorchPrediction[]): string =>
  table(
    ['run', 'predicted', 'error of such predictions', ''],
    predictions.map(({ name, seconds, error, trouble }) => [
      name,
      seconds === null ? '' : duration(seconds),
      error === null ? '' : `${(100 * error).toFixed(0)} %`,
      trouble ?? '',
    ]),
  )

/** What a finished run took against what was predicted; nothing where nothing was. */
export function tookText({ name, state, torch, elapsedMs }: RunSummary): string[] {
  if (state !== 'finished' || !torch?.predictedSeconds || elapsedMs <= 0) return []
  const error = predictionError(torch.predictedSeconds, elapsedMs / 1000)
  return [
    `${name} trained for ${duration(elapsedMs / 1000)}; predicted were ${duration(torch.predictedSeconds)}, ${Math.abs(100 * error).toFixed(0)} % too ${error < 0 ? 'little' : 'much'}.`,
  ]
}
