// How far predictions have been from published measurements they were not fitted to: shown beside every prediction.
// docs/validation.md says how they are recomputed.
import type { Plan } from './plan.ts'

export interface ExpectedError {
  /** Mean absolute error of step times, as a share; null where nothing published could be compared. */
  share: number | null
  /** Where that was found. */
  from: string
}

/** Held-out errors: each plan predicted by constants fitted to other plans (5 folds). */
export const heldOutErrors = {
  vtrainMulti: 0.043,
  vtrainSingle: 0.105,
  jeanZay: 0.029,
  korthikanti: 0.022,
  foundry: 0.067,
  megatronTable1: 0.065,
  megatronTable2: 0.041,
  megatron2020: 0.073,
  megatronH100: 0.08,
} as const

/** The same by table of the measurements, or by part of one; null where none was held out. */
export const heldOutErrorOf = (table: string, part: string): number | null =>
  (
    ({
      'vtrain_multi tensor <= 8': heldOutErrors.vtrainMulti,
      'vtrain_single all': heldOutErrors.vtrainSingle,
      'bloom_prequel all': heldOutErrors.jeanZay,
      'korthikanti all': heldOutErrors.korthikanti,
      'llm_foundry_fsdp all': heldOutErrors.foundry,
      'megatron_table1 all': heldOutErrors.megatronTable1,
      'megatron_table2 pipeline and tensor': heldOutErrors.megatronTable2,
      'megatron_2020 all': heldOutErrors.megatron2020,
      'megatron_h100 all': heldOutErrors.megatronH100,
    }) as Record<string, number>
  )[`${table} ${part}`] ?? null

const percent = (share: number) => `${(100 * share).toFixed(0)} %`

export function expectedError(plan: Plan): ExpectedError {
  if (plan.kind === 'streaming') {
    return {
      share: null,
      from: 'no absolute speed of weight streaming is published; only its scaling is fitted, to 15.3 x at 16 systems',
    }
  }
  if (plan.zero >= 2)
    return {
      share: heldOutErrors.foundry,
      from: `llm-foundry's FSDP runs on A100, held out: ${percent(heldOutErrors.foundry)} on average; early ZeRO-3 without prefetch is far less certain`,
    }
  if (plan.tensor > 8) return { share: null, from: 'tensor ranks across nodes: too few published plans to say' }
  if (plan.devices <= 8)
    return {
      share: heldOutErrors.vtrainSingle,
      from: `120 plans on one A100 node (vTrain), held out: ${percent(heldOutErrors.vtrainSingle)} on average`,
    }
  return {
    share: heldOutErrors.vtrainMulti,
    from: `plans of 3.6B to 175B on 64 to 512 A100 (vTrain), held out: ${percent(heldOutErrors.vtrainMulti)} on average`,
  }
}
