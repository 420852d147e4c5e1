// How far predictions have been from published measurements they were not fitted to: shown beside every prediction. docs/validation.md says how they are recomputed.
import type { Plan } from './plan.ts'

export interface ExpectedError {
  /** Mean absolute error of step times, as a share; null where nothing published could be compared. */
  share: number | null
  /** Where that was found. */
  from: string
}

/** Held-out errors: each plan predicted by constants fitted to other plans (5 folds). */
export const heldOutErrors = {
  vtrainMulti: 0.058,
  vtrainSingle: 0.1,
  jeanZay: 0.031,
  korthikanti: 0.017,
  foundry: 0.057,
} as const

const percent = (share: number) => `${(100 * share).toFixed(0)} %`

export function expectedError(plan: Plan): ExpectedError {
  if (plan.kind === 'streaming') {
    return { share: null, from: 'no absolute speed of weight streaming is published; only its scaling is fitted, to 15.3 x at 16 systems' }
  }
  if (plan.zero >= 2) return { share: heldOutErrors.foundry, from: `llm-foundry's FSDP runs on A100, held out: ${percent(heldOutErrors.foundry)} on average; early ZeRO-3 without prefetch is far less certain` }
  if (plan.tensor > 8) return { share: null, from: 'tensor ranks across nodes: too few published plans to say' }
  if (plan.devices <= 8) return { share: heldOutErrors.vtrainSingle, from: `120 plans on one A100 node (vTrain), held out: ${percent(heldOutErrors.vtrainSingle)} on average` }
  return { share: heldOutErrors.vtrainMulti, from: `plans of 3.6B to 175B on 64 to 512 A100 (vTrain), held out: ${percent(heldOutErrors.vtrainMulti)} on average` }
}
