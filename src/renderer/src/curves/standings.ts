// What a law sees of a study: one standing for each member, from its runs and its plans.
import { lossTimes } from '#shared/loss-unit.ts'
import { isAtRatio } from '#shared/family/additions.ts'
import type { MemberPlan } from '#shared/family/ladder.ts'
import type { Decay, Recipe } from '#shared/family/recipe.ts'
import { cooldownEnds, tokensStretch } from '#shared/family/schedule.ts'
import { repeatsOf } from '#shared/repeats.ts'
import type { RunSummary, ValidationRecord } from '#shared/run.ts'
import type { LawPoint } from '#shared/scaling/points.ts'
import { meanOf, spreadOf } from '#shared/statistics.ts'
import { isUnderWay } from '#shared/task-state.ts'
import { pointOf } from './cooldowns.ts'

/** What the law sees of one member. */
export interface Standing {
  memberId: string
  name: string
  flops: number
  /** The run that stands for it: the last finished one, else the one that goes on, else the last. */
  run: RunSummary | null
  /** Final validation loss, for repeats the mean; null until a run has finished. */
  loss: number | null
  /** One loss for each seed that has finished. */
  losses: number[]
  /** The runs of those losses; the one that stands for the member is the last. */
  repeats: RunSummary[]
  /** Standard deviation of one training over the seeds; null with fewer than two. */
  spread: number | null
  /** Not in the fit: taken out by a person, or off the recipe's tokens per parameter and not taken in by one. */
  isExcluded: boolean
  /** Taken out by a person: it counts nowhere, for surfaces and parabolas as little as for the law. */
  isOut: boolean
  /**
   * Its tokens per parameter at the end of its training, where they are not the recipe's: not a point of the
   * compute-optimal law.
   */
  ownRatio: number | null
}

export interface StudyRecords {
  recipe: Recipe
  /** Smallest first, then oldest first. */
  runs: readonly RunSummary[]
  /** Of all members, as the study stands. */
  plans: readonly MemberPlan[]
  /** Those that will train when asked. */
  trainable: readonly MemberPlan[]
  /** Members that a person took out, and those off the recipe's ratio that one took in. */
  excluded: ReadonlySet<string>
  included: ReadonlySet<string>
  /** Which cooldown of wsd-s runs is the point. */
  cooldown: number
  validationsOf: (run: RunSummary) => readonly ValidationRecord[]
}

/** By compute, smallest first. */
export function standingsOf(records: StudyRecords): Standing[] {
  const { recipe, excluded: out, included: taken, cooldown, validationsOf } = records
  const planned = new Map(records.plans.map((one) => [one.memberId, one]))
  const ofMember = new Map<string, RunSummary[]>()
  for (const run of records.runs) {
    const plan = planned.get(run.memberId)
    if (run.origin) continue // began from a model's weights: its compute is not all that went into it
    // trained as another shape, or with another tokenizer: no point of this law
    if (plan?.parameters && plan.parameters !== run.parameters) continue
    ofMember.set(run.memberId, [...(ofMember.get(run.memberId) ?? []), run])
  }
  const plans = new Map(records.trainable.map((one) => [one.memberId, one]))
  const ids = new Set([...plans.keys(), ...ofMember.keys()])
  return [...ids]
    .map((memberId) => {
      const all = ofMember.get(memberId) ?? []
      const finished = repeatsOf(
        all.flatMap((run) => {
          const { loss } = pointOf(run, cooldown, validationsOf(run))
          return loss === null ? [] : [{ run, loss }]
        }),
      )
      const losses = finished.map(({ loss }) => loss)
      const run = finished[finished.length - 1]?.run ?? all.find(isUnderWay) ?? all[all.length - 1] ?? null
      const plan = plans.get(memberId)
      const point = run ? pointOf(run, cooldown, validationsOf(run)) : null
      const cooldowns = plan && !run ? cooldownEnds({ steps: plan.steps, decay: plan.decay ?? recipe.decay }) : []
      const share = cooldowns.length > 1 ? cooldowns[cooldown] / plan!.steps : 1
      const ratio = ratioOf(run, plan ?? planned.get(memberId), recipe.decay)
      const ownRatio = ratio !== null && !isAtRatio(ratio, recipe) ? ratio : null
      return {
        memberId,
        name: plan?.name ?? run?.name ?? memberId,
        flops: point?.flops ?? (plan?.flops[recipe.flopsConvention] ?? 0) * share,
        run,
        loss: losses.length ? meanOf(losses) : null,
        losses,
        repeats: finished.map((one) => one.run),
        spread: spreadOf(losses),
        isExcluded: out.has(memberId) || (ownRatio !== null && !taken.has(memberId)),
        isOut: out.has(memberId),
        ownRatio,
      }
    })
    .filter((one) => one.flops > 0)
    .sort((a, b) => a.flops - b.flops)
}

/**
 * Every training in the fit: a member trained with three seeds counts three times, and their spread tells of the noise.
 */
export const trainingsOf = (standings: readonly Standing[]): LawPoint[] =>
  standings
    .filter(({ loss, isExcluded }) => loss !== null && !isExcluded)
    .flatMap(({ name, flops, losses }) => losses.map((y): LawPoint => ({ name, x: flops, y })))

/** The same in another unit of the loss; with null, of what nobody knows in it. */
export const standingTimes = (one: Standing, factor: number | null): Standing =>
  factor === 1
    ? one
    : {
        ...one,
        loss: lossTimes(one.loss, factor),
        losses: factor === null ? [] : one.losses.map((loss) => loss * factor),
        spread: lossTimes(one.spread, factor),
      }

/** Tokens per counted parameter of a whole training, as the recipe means them: a wsd-s run's at its second cooldown. */
function ratioOf(run: RunSummary | null, planned: MemberPlan | undefined, decay: Decay): number | null {
  if (run && run.flopsPerToken > 0) {
    return (
      run.flops /
      run.flopsPerToken /
      (run.cooldowns ? tokensStretch('wsd-s') : 1) /
      (run.countedParameters ?? planned?.countedParameters ?? run.parameters)
    )
  }
  return planned?.countedParameters
    ? planned.tokens / tokensStretch(planned.decay ?? decay) / planned.countedParameters
    : null
}
