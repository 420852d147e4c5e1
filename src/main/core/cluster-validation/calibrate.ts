// Fits the few constants to one part of the published plans and judges them on the rest: split by plan, never by row.
import { calibration, type Calibration } from '#shared/cluster/calibration.ts'
import { estimateChecked } from '#shared/cluster/estimate.ts'
import type { GpuMachine } from '#shared/cluster/machine.ts'
import { memoryConstants, type MemoryConstants } from '#shared/cluster/memory.ts'
import type { Trial } from '#shared/cluster/trial.ts'
import { createRandom } from '#shared/random.ts'
import { findGpuMachine } from '#shared/cluster/presets.ts'
import type { TableReport } from '#shared/cluster/validation.ts'
import { calibrateMemory, neutralMemory } from './calibrate-memory.ts'
import { descend } from './descend.ts'
import { validateFamilies, validateTrials } from './validate.ts'

/**
 * What is fitted: constants of every machine, what an allocator holds back, and three figures of Jean Zay, whose links
 * no source gives.
 */
export interface Fitted {
  constants: Calibration
  /** Start of a collective between tensor ranks on Jean Zay, and its network before and after the repair. */
  site: { latencySeconds: number; earlyNetworkBytesPerSecond: number; networkBytesPerSecond: number }
  /** The allocator's reserve and its buffers. */
  memory: MemoryConstants
}

const early = 'a100-80-jean-zay-early'
const late = 'a100-80-jean-zay'

export const shipped = (): Fitted => ({
  constants: calibration,
  memory: memoryConstants,
  site: {
    latencySeconds: findGpuMachine(late).linkLatencySeconds,
    earlyNetworkBytesPerSecond: findGpuMachine(early).networkBytesPerSecond,
    networkBytesPerSecond: findGpuMachine(late).networkBytesPerSecond,
  },
})

/** Constants that are fitted; the others are physical and stay. Bounds keep a share a share. */
const free: Partial<Record<keyof Calibration, { largest: number }>> = {
  matmulShare: { largest: 1 },
  matmulDepth: { largest: 1000 },
  flashShare: { largest: 1 },
  scoreBytes: { largest: 40 },

  layerHostSeconds: { largest: 0.01 },
  networkShare: { largest: 0.95 },
  partialRingShare: { largest: 1 },
  stepHostSeconds: { largest: 0.2 },
  separateShare: { largest: 4 },
  hopperFlashShare: { largest: 1 },
}

/** How much the mean error of a table counts: tables whose plans are published whole count most. */
const weights: Record<string, number> = {
  vtrain_multi: 1.5,
  vtrain_single: 0.3,
  bloom_prequel: 1,
  korthikanti: 2,
  llm_foundry_fsdp: 0.7,
  megatron_table1: 0.5,
  megatron_table2: 0.5,
  megatron_2020: 0.2,
  megatron_h100: 0.15,
  public_runs: 0.15,
}

/** The trial on the machine as fitted. */
function onSite(trial: Trial, { site }: Fitted): Trial {
  if (trial.machine.id !== early && trial.machine.id !== late) return trial
  const networkBytesPerSecond =
    trial.machine.id === early ? site.earlyNetworkBytesPerSecond : site.networkBytesPerSecond
  const machine: GpuMachine = { ...trial.machine, linkLatencySeconds: site.latencySeconds, networkBytesPerSecond }
  return { ...trial, machine }
}

/**
 * Weighted mean absolute log error over tables; tensor ranks across nodes and early ZeRO-3 are left out, other effects
 * rule there. The order of plans is no
 * part of it: when it was, the order of the plans that were fitted came out better, and that of plans held out worse.
 */
export function objective(trials: readonly Trial[], fitted: Fitted): number {
  const sums = new Map<string, { sum: number; rows: number }>()
  for (const trial of trials) {
    if (trial.seconds === null || trial.plan.tensor > 8 || trial.plan.shardUnit === 'tensor') continue
    const { model, plan, machine } = onSite(trial, fitted)
    const one = sums.get(trial.table) ?? { sum: 0, rows: 0 }
    one.sum += Math.abs(Math.log(estimateChecked(model, plan, machine, fitted.constants).stepSeconds / trial.seconds))
    one.rows++
    sums.set(trial.table, one)
  }
  let total = 0
  for (const [table, { sum, rows }] of sums) total += ((weights[table] ?? 0) * sum) / rows
  return total
}

/** Finds the free constants that make the objective least. */
export function calibrate(trials: readonly Trial[], start: Fitted = shipped(), rounds = 40): Fitted {
  const names = Object.keys(free) as (keyof Calibration)[]
  const fittedOf = (values: Record<string, number>): Fitted => {
    const { latencySeconds, earlyNetworkBytesPerSecond, networkBytesPerSecond, ...constants } = values
    return {
      constants: { ...start.constants, ...constants },
      site: { latencySeconds, earlyNetworkBytesPerSecond, networkBytesPerSecond },
      memory: start.memory,
    }
  }
  const values = { ...Object.fromEntries(names.map((name) => [name, start.constants[name]])), ...start.site }
  const largest = Object.fromEntries(names.map((name) => [name, free[name]!.largest]))
  return {
    ...fittedOf(
      descend<Record<string, number>>(values, (tried) => objective(trials, fittedOf(tried)), largest, rounds),
    ),
    memory: calibrateMemory(trials, start.memory),
  }
}

/** Rows with the same key describe one plan, whatever their day or batch. */
export const planKey = ({ model, plan }: Trial): string =>
  [
    model.layers,
    model.width,
    model.heads,
    model.context,
    plan.devices,
    plan.tensor,
    plan.pipeline,
    plan.interleave,
    plan.microBatch,
  ].join(' ')

/** Rows with the same key are of one model on one number of devices: what a ranking is about. */
const groupKey = ({ model, plan }: Trial): string =>
  [model.layers, model.width, model.heads, model.context, plan.devices].join(' ')

/**
 * By plan: each plan in a fold drawn for it. By group: a whole ranking in one fold; the largest are dealt out first, so
 * that no two of them share one.
 */
export type FoldsBy = 'plan' | 'group'

function foldsOf(trials: readonly Trial[], by: FoldsBy, folds: number, seed: number): (trial: Trial) => number {
  const key = by === 'plan' ? planKey : groupKey
  const sizes = new Map<string, number>()
  for (const trial of trials) sizes.set(key(trial), (sizes.get(key(trial)) ?? 0) + 1)
  const random = createRandom(seed)
  const keys = by === 'plan' ? [...sizes.keys()] : [...sizes.keys()].sort((a, b) => sizes.get(b)! - sizes.get(a)!)
  const fold = new Map(keys.map((one, i) => [one, by === 'plan' ? random.integer(folds) : i % folds]))
  return (trial) => fold.get(key(trial))!
}

/**
 * Predictions for every row by constants that never saw its plan, or no plan of its group: `folds` parts, each judged
 * by a fit to the others.
 */
export function crossValidate(
  trials: readonly Trial[],
  { folds = 5, seed = 1, by = 'plan' }: { folds?: number; seed?: number; by?: FoldsBy } = {},
): { reports: TableReport[]; families: TableReport[]; fits: Fitted[] } {
  const foldOf = foldsOf(trials, by, folds, seed)
  const neutral = startAfresh()
  const fits = Array.from({ length: folds }, (_, i) =>
    calibrate(
      trials.filter((trial) => foldOf(trial) !== i),
      neutral,
    ),
  )
  const fitOf = (trial: Trial) => fits[foldOf(trial)]
  const placed = (trial: Trial) => onSite(trial, fitOf(trial))
  return { reports: validateTrials(trials, fitOf, placed), families: validateFamilies(trials, fitOf, placed), fits }
}

/** Round numbers from datasheets and rules of thumb, so that a fold does not begin at what all rows taught. */
export const startAfresh = (): Fitted => ({
  constants: {
    ...calibration,
    matmulShare: 0.85,
    matmulDepth: 200,
    flashShare: 0.6,
    scoreBytes: 13,

    layerHostSeconds: 5e-4,
    networkShare: 0.8,
    partialRingShare: 0.8,
    stepHostSeconds: 0.02,
    separateShare: 1.5,
    hopperFlashShare: 0.5,
  },
  memory: neutralMemory,
  site: { latencySeconds: 1e-3, earlyNetworkBytesPerSecond: 25e9, networkBytesPerSecond: 25e9 },
})
