// Tiles and strips of an answer: numbers of the cost model put into words.
import type { GpuAnswer, StreamingAnswer } from '#shared/cluster/answer.ts'
import type { TrainingCost } from '#shared/cluster/cost.ts'
import type { PipelineEvent } from '#shared/cluster/events.ts'
import type { GpuMachine, WaferMachine } from '#shared/cluster/machine.ts'
import type { StreamingEvent } from '#shared/cluster/streaming.ts'
import {
  formatBytes,
  formatCount,
  formatFlopsPerSecond,
  formatSeconds,
  formatShare,
  formatTokensPerSecond,
  threeDigits,
  withPrefix,
} from '#shared/numbers.ts'
import type { Tile } from './AnswerTiles.vue'
import { memoryText } from './figures.ts'
import { partColours } from './parts.ts'
import type { StripEvent } from './TimelineStrip.vue'

function costTiles(training: TrainingCost | null): Tile[] {
  if (!training) return []
  return [
    { name: 'Time to train', value: formatSeconds(training.seconds), note: `${formatCount(training.steps)} steps` },
    { name: 'Device hours', value: formatCount(Math.round(training.deviceHours)) },
    {
      name: 'Energy',
      value: withPrefix(training.energyKilowattHours * 1000, 'Wh'),
      note: `${threeDigits(training.carbonKilograms / 1000)} t CO₂e`,
      hint: 'Device power × 1.1 for the facility, 0.385 kg CO₂e a kWh: the convention of Touvron et al. 2023, table 15',
    },
    ...(training.money === null
      ? []
      : [{ name: 'Money', value: formatCount(Math.round(training.money)), note: 'at your price' }]),
  ]
}

export const gpuTiles = (answer: GpuAnswer, machine: GpuMachine): Tile[] => [
  { name: 'Step', value: formatSeconds(answer.stepSeconds), note: formatTokensPerSecond(answer.tokensPerSecond) },
  {
    name: 'MFU, Korthikanti eq. 7',
    value: formatShare(answer.mfu),
    note: `HFU ${formatShare(answer.hfu)}`,
    hint: `${answer.utilisationConvention}. HFU counts recomputed products too.`,
  },
  {
    name: 'Per device',
    value: formatFlopsPerSecond(answer.flopsPerDevicePerSecond),
    note: `of ${formatFlopsPerSecond(machine.matmulFlopsPerSecond)} peak`,
  },
  {
    name: 'Memory',
    value: memoryText(answer.memoryBytesPerDevice, machine.memoryBytes),
    note: answer.fits
      ? `fits in ${memoryText(machine.memoryBytes, machine.memoryBytes)}`
      : `does not fit in ${memoryText(machine.memoryBytes, machine.memoryBytes)}`,
    tone: answer.fits ? 'good' : 'bad',
    hint: `The fullest device: stage ${answer.memory.stage + 1}`,
  },
  ...costTiles(answer.training),
]

export const streamingTiles = (answer: StreamingAnswer, machine: WaferMachine): Tile[] => [
  { name: 'Step', value: formatSeconds(answer.stepSeconds), note: formatTokensPerSecond(answer.tokensPerSecond) },
  { name: 'Speed-up', value: `${threeDigits(answer.speedup)} ×`, note: `${answer.plan.systems} systems` },
  {
    name: 'MFU, Korthikanti eq. 7',
    value: formatShare(answer.mfu),
    note: `HFU ${formatShare(answer.hfu)}`,
    hint: answer.utilisationConvention,
  },
  {
    name: 'Wafer memory',
    value: memoryText(answer.memoryBytesPerDevice, machine.memoryBytes),
    note: answer.fits
      ? `fits in ${memoryText(machine.memoryBytes, machine.memoryBytes)}`
      : `does not fit in ${memoryText(machine.memoryBytes, machine.memoryBytes)}`,
    tone: answer.fits ? 'good' : 'bad',
    hint: 'Stored activations and two layers of weights',
  },
  {
    name: 'Weight store',
    value: formatBytes(answer.storeBytes),
    note: answer.storeFits
      ? `fits in ${formatBytes(machine.storeBytes)}`
      : `does not fit in ${formatBytes(machine.storeBytes)}`,
    tone: answer.storeFits ? 'good' : 'bad',
    hint: '14 bytes per parameter: weights and optimizer state',
  },
  {
    name: 'Streamed per step',
    value: formatBytes(answer.storeOutBytes),
    note: `${formatBytes(answer.storeInBytes)} back, whatever the number of systems`,
    hint: 'Weights twice per pass, gradients once',
  },
  {
    name: 'Tokens per pass',
    value: formatCount(answer.tokensPerPass),
    note: `the stream limits below ${formatCount(Math.round(answer.criticalTokens))}`,
  },
  ...costTiles(answer.training),
]

export const pipelineStrip = (events: readonly PipelineEvent[]): StripEvent[] =>
  events.map(({ stage, kind, microBatch, chunk, start, end }) => ({
    row: stage,
    start,
    end,
    colour: partColours[kind],
    text: `Stage ${stage + 1}, ${kind} of micro-batch ${microBatch + 1}${chunk ? `, chunk ${chunk + 1}` : ''}`,
  }))

export const streamingRows = ['weights in', 'forward', 'backward', 'gradients out'] as const
const streamColours: Record<(typeof streamingRows)[number], string> = {
  'weights in': partColours.streaming,
  forward: partColours.forward,
  backward: partColours.backward,
  'gradients out': partColours.edge,
}
/** The blocks of a model go by the names of their weights, between its embeddings and its head. */
const layerName = (layer: number, layers: number): string =>
  layer === 0 ? 'Embeddings' : layer > layers ? 'Output head' : `h.${layer - 1}`
export const streamingStrip = (events: readonly StreamingEvent[], layers: number): StripEvent[] =>
  events.flatMap(({ kind, layer, start, end }) =>
    kind === 'update'
      ? []
      : [
          {
            row: streamingRows.indexOf(kind),
            start,
            end,
            colour: streamColours[kind],
            text: `${layerName(layer, layers)}: ${kind}`,
          },
        ],
  )
