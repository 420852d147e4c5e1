// A wsd-s run's points: the validation losses at the ends of its decays, each a member of a family of its own.
import { lawLossOf, type RunSummary, type ValidationRecord } from '#shared/run.ts'

export interface CooldownPoint {
  step: number
  tokens: number
  flops: number
  /** null until the run has come so far. */
  loss: number | null
}

/** What the run gives to the law at its cooldown number `place`; a run without them has one point, its end. */
export function pointOf(run: RunSummary, place: number, validations: readonly ValidationRecord[]): CooldownPoint {
  const step = run.cooldowns?.[Math.min(place, run.cooldowns.length - 1)] ?? run.steps
  const share = step / run.steps
  const isEnd = step === run.steps
  const loss = isEnd ? (run.state === 'finished' ? run.validationLoss : null) : lawLossAt(step, validations)
  const perToken = run.flopsPerToken
  return { step, flops: run.flops * share, tokens: perToken > 0 ? (run.flops * share) / perToken : 0, loss }
}

function lawLossAt(step: number, validations: readonly ValidationRecord[]): number | null {
  const found = validations.find((one) => one.step === step)
  return found ? lawLossOf(found) : null
}

/** All points of a run, at every cooldown. */
export const pointsOf = (run: RunSummary, validations: readonly ValidationRecord[]): CooldownPoint[] =>
  (run.cooldowns ?? [run.steps]).map((_, place) => pointOf(run, place, validations))
