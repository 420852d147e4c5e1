// The colours and words of what a step's time and a device's memory go to; the same in every picture of the page.
import type { StepBreakdown } from '#shared/cluster/estimate.ts'
import type { StageMemory } from '#shared/cluster/memory.ts'
import type { StreamingBreakdown } from '#shared/cluster/streaming.ts'
import type { BarPart } from './BreakdownBar.vue'

/**
 * Light or dark, text names every part; work and bubble keep 3:1 on either surface. Lightness falls from work to waste,
 * so that the order survives grey print.
 */
export const partColours = {
  forward: '#3566d6',
  backward: '#6f93e6',
  recompute: '#a9bdf0',
  tensor: '#d2740f',
  pipeline: '#e79a45',
  data: '#f2bf86',
  bubble: '#b93ba6',
  optimizer: '#7b7e86',
  waiting: '#b9bac0',
  compute: '#3566d6',
  streaming: '#d2740f',
  edge: '#f2bf86',
} as const

const stepWords: Record<keyof StepBreakdown, [string, string]> = {
  forward: ['Forward', 'Matrix products and what goes with them'],
  backward: ['Backward', 'Gradients of activations and weights'],
  recompute: ['Recomputation', 'Activations computed a second time because they were not stored'],
  tensor: ['TP communication', 'All-reduces, or gathers and scatters, not overlapped'],
  pipeline: ['PP communication', 'Sends from stage to stage, and stages that are slower than others'],
  data: ['DP communication', 'Gradients, and with ZeRO weights, between data ranks, not overlapped'],
  bubble: ['Pipeline bubble', 'Stages that wait while the pipeline fills and drains'],
  optimizer: ['Optimizer', 'Reading and writing weights and moments'],
  waiting: ['Waiting', 'For the slowest of many nodes'],
}
export const gpuParts = (breakdown: StepBreakdown): BarPart[] =>
  (Object.keys(stepWords) as (keyof StepBreakdown)[]).map((key) => ({
    name: stepWords[key][0],
    hint: stepWords[key][1],
    seconds: breakdown[key],
    colour: partColours[key],
  }))

const streamingWords: Record<keyof StreamingBreakdown, [string, string]> = {
  compute: ['Compute', 'Wafers at work'],
  streaming: ['Exposed streaming', 'Wafers waiting for weights to come or gradients to leave'],
  edge: ['Step edge', 'The last gradients out, the update, the first weights in'],
  waiting: ['Lost to scaling', 'The one fitted parameter: 15.3 times the speed at 16 systems'],
}
export const streamingParts = (breakdown: StreamingBreakdown): BarPart[] =>
  (Object.keys(streamingWords) as (keyof StreamingBreakdown)[]).map((key) => ({
    name: streamingWords[key][0],
    hint: streamingWords[key][1],
    seconds: breakdown[key],
    colour: partColours[key],
  }))

/** What lies in a device's memory, bottom to top. */
export const memoryParts = [
  { key: 'weights', name: 'Weights', colour: '#3566d6' },
  { key: 'gradients', name: 'Gradients', colour: '#6f93e6' },
  { key: 'optimizer', name: 'Optimizer state', colour: '#a9bdf0' },
  { key: 'activations', name: 'Activations', colour: '#d2740f' },
  { key: 'working', name: 'Workspace', colour: '#f2bf86' },
  { key: 'reserved', name: 'Reserved', colour: '#b9bac0' },
] as const satisfies readonly { key: keyof StageMemory; name: string; colour: string }[]
