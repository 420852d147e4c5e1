// The learning rate over a training: a linear warmup from 0, then a decay; one function for the trainer and for the
// curve on the screen.
import type { BatchPhase, MemberPlan } from './ladder.ts'
import type { Decay, Recipe } from './recipe.ts'

export interface Schedule {
  steps: number
  warmupSteps: number
  peakLearningRate: number
  decay: Decay
  /** The decay ends at this share of the peak. */
  finalFraction: number
  /** Where the batch grows on the way, the rate follows the tokens, counted in steps of the first batch. */
  phases?: BatchPhase[]
}

/** Share of a warmup-stable-decay run that decays (Hu et al. 2024 and Hägele et al. 2024 use 10 to 20 %). */
const decayShare = 0.2
/**
 * Shares of a wsd-s run at which a decay has just ended: with 40 tokens per parameter, 0.5, 1 and 2 times Chinchilla's
 * (Wen et al. 2024).
 */
const stops = [0.25, 0.5, 1] as const

/**
 * How many times the tokens of the recipe a run takes: a wsd-s run goes on to twice, and has them at its second
 * cooldown.
 */
export const tokensStretch = (decay: Decay): number => (decay === 'wsd-s' ? 1 / stops[1] : 1)

/** What the losses at the cooldowns of a wsd-s run stand for, in shares of the recipe's tokens. */
export const cooldownNames = ['½ ×', '1 ×', '2 ×'] as const

/** A planned member's schedule: the recipe's, except where a published member has its own. */
export const scheduleOf = (
  plan: Pick<MemberPlan, 'steps' | 'warmupSteps' | 'peakLearningRate' | 'decay' | 'finalFraction' | 'phases'>,
  recipe: Recipe,
): Schedule => ({
  steps: plan.steps,
  warmupSteps: plan.warmupSteps,
  peakLearningRate: plan.peakLearningRate,
  decay: plan.decay ?? recipe.decay,
  finalFraction: plan.finalFraction ?? recipe.finalFraction,
  ...(plan.phases ? { phases: plan.phases } : {}),
})

/**
 * The learning rate of the update after `step` updates (0 for the first). The line through the warmup starts at 0
 * before the first
 * update and reaches the peak with update `warmupSteps`; the decay reaches its end with the last update.
 */
export function learningRateAt(schedule: Schedule, step: number): number {
  const { warmupSteps, peakLearningRate: peak, decay, finalFraction } = schedule
  const total = position(schedule, schedule.steps)
  const at = Math.min(position(schedule, step + 1), total)
  if (at < warmupSteps) return peak * (at / warmupSteps)
  if (decay === 'constant') return peak
  if (decay === 'wsd') return peak * held(at, total, warmupSteps, finalFraction)
  if (decay === 'wsd-s') {
    const i = stops.findIndex((stop) => at <= Math.round(stop * total))
    const from = Math.max(warmupSteps, i > 0 ? Math.round(stops[i - 1] * total) : 0)
    return peak * held(at, Math.round(stops[i] * total), from, finalFraction)
  }
  const gone = total > warmupSteps ? (at - warmupSteps) / (total - warmupSteps) : 1
  const left = decay === 'cosine' ? (1 + Math.cos(Math.PI * gone)) / 2 : 1 - gone
  return peak * (finalFraction + (1 - finalFraction) * left)
}

/** Steps at which a decay has just ended, and so a loss that belongs on the law. The last is `steps`. */
export const cooldownEnds = (schedule: Pick<Schedule, 'steps' | 'decay'>): number[] =>
  schedule.decay === 'wsd-s' ? stops.map((stop) => Math.round(stop * schedule.steps)) : [schedule.steps]

/** The dry run: at most `points` of [step, learning rate], step counted from 1, the ends and the peak included. */
export function learningRateCurve(schedule: Schedule, points = 200): [step: number, learningRate: number][] {
  const { steps, warmupSteps } = schedule
  const chosen = new Set([1, Math.min(warmupSteps, steps), ...cooldownEnds(schedule), steps])
  for (const stop of cooldownEnds(schedule)) if (stop < steps) chosen.add(stop + 1)
  const gaps = Math.max(1, points - chosen.size)
  for (let i = 1; i < gaps; i++) chosen.add(1 + Math.round((i / gaps) * (steps - 1)))
  return [...chosen]
    .filter((step) => step >= 1)
    .sort((a, b) => a - b)
    .map((step) => [step, learningRateAt(schedule, step - 1)])
}

/** 1 until the last fifth before `end`, then a straight line down to the final fraction. */
function held(at: number, end: number, from: number, finalFraction: number): number {
  const length = Math.max(1, Math.min(end - from, decayShare * end))
  const gone = Math.max(0, (at - (end - length)) / length)
  return 1 - (1 - finalFraction) * Math.min(1, gone)
}

/** Updates done, counted in steps of the first batch. */
function position({ phases }: Schedule, updates: number): number {
  if (!phases || phases.length < 2) return updates
  let left = updates
  let at = 0
  for (const phase of phases) {
    const here = Math.min(left, phase.steps)
    at += here * (phase.batchSequences / phases[0].batchSequences)
    left -= here
  }
  return at + left * (phases[phases.length - 1].batchSequences / phases[0].batchSequences)
}
