// How far predictions have been from published measurements they were not fitted to: shown beside every prediction.
// docs/validation.md says how they are recomputed.
import type { GpuMachine } from './machine.ts'
import type { GpuPlan, Plan } from './plan.ts'
import type { ClusterModel } from './transformer.ts'

export interface ExpectedError {
  /** Mean absolute error of step times, as a share; null where nothing published could be compared. */
  share: number | null
  /** Where that was found. */
  from: string
}

/** Held-out errors: each plan predicted by constants fitted to other plans (5 folds). */
export const heldOutErrors = {
  vtrainMulti: 0.043,
  vtrainSingle: 0.099,
  jeanZay: 0.034,
  korthikanti: 0.019,
  foundry: 0.051,
  megatronTable1: 0.067,
  megatronTable2: 0.037,
  megatron2020: 0.07,
  megatronH100: 0.071,
  publicRuns: 0.077,
} as const

/** The same by table of the measurements, or by part of one; null where none was held out. */
export const heldOutErrorOf = (table: string, part: string): number | null =>
  (
    {
      'vtrain_multi tensor <= 8': heldOutErrors.vtrainMulti,
      'vtrain_single all': heldOutErrors.vtrainSingle,
      'bloom_prequel all': heldOutErrors.jeanZay,
      'korthikanti all': heldOutErrors.korthikanti,
      'llm_foundry_fsdp all': heldOutErrors.foundry,
      'megatron_table1 all': heldOutErrors.megatronTable1,
      'megatron_table2 pipeline and tensor': heldOutErrors.megatronTable2,
      'megatron_2020 all': heldOutErrors.megatron2020,
      'megatron_h100 all': heldOutErrors.megatronH100,
      'public_runs all': heldOutErrors.publicRuns,
    } as Record<string, number>
  )[`${table} ${part}`] ?? null

/** GPUs that are alike in what was measured of them. */
export const gpuFamilies = ['V100', 'A100', 'H100'] as const
export type GpuFamily = (typeof gpuFamilies)[number]

/** By the machine's name; an H200 is an H100 with other memory. Null where nothing was measured. */
export function gpuFamily({ name }: Pick<GpuMachine, 'name'>): GpuFamily | null {
  const found = /\b(V100|A100|H100|H200)\b/.exec(name)?.[1]
  return found === 'H200' ? 'H100' : ((found as GpuFamily | undefined) ?? null)
}

/** What was measured of a family: the held-out error of its rows, and between which sizes they lie. */
interface Measured {
  rows: number
  share: number
  devices: [least: number, most: number]
  parameters: [least: number, most: number]
  context: [least: number, most: number]
}

/** Rows of resources/validation/measurements.json, early ZeRO-3 and tensor ranks across nodes apart. */
export const measuredFamilies: Record<GpuFamily, Measured> = {
  V100: { rows: 4, share: 0.094, devices: [1, 8], parameters: [1.2e9, 8.7e9], context: [1024, 1024] },
  A100: { rows: 413, share: 0.061, devices: [1, 3072], parameters: [1.2e8, 1.01e12], context: [512, 65_536] },
  H100: { rows: 33, share: 0.061, devices: [8, 6144], parameters: [1.3e9, 4.6e11], context: [512, 65_536] },
}

/**
 * Of a card of which nothing was measured: how far predictions of the H100 were off while its rows were in no fit. Its
 * trainers, kernels and networks were other ones than the A100's, as the next card's will be.
 */
export const unmeasuredError = 0.25

/** Of the error, what each doubling beyond the sizes that were measured adds: a rule of ours, not a measurement. */
export const growthPerDoubling = 0.25

/** Doublings from a range; 0 inside. */
const beyond = (value: number, [least, most]: [number, number]): number =>
  Math.max(0, Math.log2(least / value), Math.log2(value / most))

/** Doublings between a plan and what was measured of its family, over devices, parameters and context together. */
function distanceFrom(
  { devices, parameters, context }: Measured,
  plan: Pick<GpuPlan, 'devices'>,
  model: Pick<ClusterModel, 'context'>,
  size: number,
): number {
  return beyond(plan.devices, devices) + beyond(size, parameters) + beyond(model.context, context)
}

const percent = (share: number) => `${(100 * share).toFixed(0)} %`

const streamingError: ExpectedError = {
  share: null,
  from: 'no absolute speed of weight streaming is published; only its scaling is fitted, to 15.3 x at 16 systems',
}

/** `parameters`: of the model. */
export function expectedError(
  plan: Plan,
  machine?: Pick<GpuMachine, 'name'>,
  model?: Pick<ClusterModel, 'context'>,
  parameters = 0,
): ExpectedError {
  if (plan.kind === 'streaming' || !machine || !model) return streamingError
  if (plan.tensor > 8) return { share: null, from: 'tensor ranks across nodes: too few published plans to say' }
  if (plan.shardUnit === 'tensor')
    return { share: 0.33, from: 'six runs of ZeRO-3 without prefetch (Megatron 2021), in no fit: 33 % on average' }
  const family = gpuFamily(machine)
  if (!family)
    return {
      share: unmeasuredError,
      from: `nothing was measured on ${machine.name}; the H100 was off by ${percent(unmeasuredError)} before its own rows were fitted`,
    }
  const measured = measuredFamilies[family]
  // Kinds of plan of which there are rows enough have an error of their own.
  const own =
    family !== 'A100'
      ? measured.share
      : plan.zero >= 2
        ? heldOutErrors.foundry
        : plan.devices <= 8
          ? heldOutErrors.vtrainSingle
          : heldOutErrors.vtrainMulti
  const doublings = distanceFrom(measured, plan, model, parameters)
  const base = `${measured.rows} published plans on ${family}, held out: ${percent(own)} on average for plans like this`
  return doublings === 0
    ? { share: own, from: base }
    : {
        share: own * (1 + growthPerDoubling * doublings),
        from: `${base}; this one lies ${doublings.toFixed(1)} doublings beyond them, each counted as a quarter more`,
      }
}
