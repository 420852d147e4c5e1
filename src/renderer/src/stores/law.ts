// The law of the open study: one point for each finished member, the fit, and what it says about the others.
import { useLocalStorage } from '@vueuse/core'
import { defineStore } from 'pinia'
import { computed } from 'vue'
import { isAtRatio } from '#shared/family/additions.ts'
import type { MemberPlan } from '#shared/family/ladder.ts'
import type { Decay } from '#shared/family/recipe.ts'
import { cooldownEnds, tokensStretch } from '#shared/family/schedule.ts'
import { canRescore, type RunSummary } from '#shared/run.ts'
import { repeatsOf } from '#shared/repeats.ts'
import { pointOf } from '../curves/cooldowns.ts'
import type { CurveForm } from '#shared/scaling/curve.ts'
import { meanOf, spreadOf } from '#shared/statistics.ts'
import type { LawPoint } from '#shared/scaling/points.ts'
import { isUnderWay } from '#shared/task-state.ts'
import { fittedLatest } from '../fitting/latest.ts'
import { useNoticesStore } from './notices.ts'
import { usePlanStore } from './plan.ts'
import { useRunsStore } from './runs.ts'
import { useStudiesStore } from './studies.ts'

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

export const useLawStore = defineStore('law', () => {
  const studies = useStudiesStore()
  const plan = usePlanStore()
  const runs = useRunsStore()
  const notices = useNoticesStore()
  const excluded = useLocalStorage<Record<string, string[]>>('isoflop.excluded', {})
  /** Members off the recipe's ratio that a person wants in the fit all the same. */
  const included = useLocalStorage<Record<string, string[]>>('isoflop.included', {})
  const form = useLocalStorage<CurveForm | 'auto'>('isoflop.law-form', 'auto')
  /** Which cooldown of wsd-s runs is the point: 0, 1 or 2 for 0.5, 1 or 2 times the recipe's tokens. */
  const cooldown = useLocalStorage('isoflop.law-cooldown', 1)
  const validationsOf = (run: RunSummary) => runs.curves.get(run.id)?.validations ?? []

  const standings = computed<Standing[]>(() => {
    const study = studies.current
    if (!study) return []
    const out = new Set(excluded.value[study.id] ?? [])
    const taken = new Set(included.value[study.id] ?? [])
    const ofMember = new Map<string, RunSummary[]>()
    for (const run of runs.ofStudy(study.id)) {
      const planned = plan.planById.get(run.memberId)
      if (run.origin) continue // began from a model's weights: its compute is not all that went into it
      // trained as another shape, or with another tokenizer: no point of this law
      if (planned?.parameters && planned.parameters !== run.parameters) continue
      ofMember.set(run.memberId, [...(ofMember.get(run.memberId) ?? []), run])
    }
    const plans = new Map(plan.trainable.map((one) => [one.memberId, one]))
    const ids = new Set([...plans.keys(), ...ofMember.keys()])
    return [...ids]
      .map((memberId) => {
        const all = ofMember.get(memberId) ?? []
        const finished = repeatsOf(
          all.flatMap((run) => {
            const { loss } = pointOf(run, cooldown.value, validationsOf(run))
            return loss === null ? [] : [{ run, loss }]
          }),
        )
        const losses = finished.map(({ loss }) => loss)
        const run = finished[finished.length - 1]?.run ?? all.find(isUnderWay) ?? all[all.length - 1] ?? null
        const planned = plans.get(memberId)
        const point = run ? pointOf(run, cooldown.value, validationsOf(run)) : null
        const cooldowns =
          planned && !run ? cooldownEnds({ steps: planned.steps, decay: planned.decay ?? study.recipe.decay }) : []
        const share = cooldowns.length > 1 ? cooldowns[cooldown.value] / planned!.steps : 1
        const ratio = ratioOf(run, planned ?? plan.planById.get(memberId), study.recipe.decay)
        const ownRatio = ratio !== null && !isAtRatio(ratio, study.recipe) ? ratio : null
        return {
          memberId,
          name: planned?.name ?? run?.name ?? memberId,
          flops: point?.flops ?? (planned?.flops[plan.convention] ?? 0) * share,
          run,
          loss: losses.length ? meanOf(losses) : null,
          losses,
          spread: spreadOf(losses),
          isExcluded: out.has(memberId) || (ownRatio !== null && !taken.has(memberId)),
          isOut: out.has(memberId),
          ownRatio,
        }
      })
      .filter((one) => one.flops > 0)
      .sort((a, b) => a.flops - b.flops)
  })

  /** Whether any run has several points, so that one must be chosen. */
  const hasCooldowns = computed(
    () => standings.value.some(({ run }) => run?.cooldowns !== undefined) || studies.current?.recipe.decay === 'wsd-s',
  )
  const inFit = computed(() => standings.value.filter((one) => one.loss !== null && !one.isExcluded))
  /**
   * Every training in the fit: a member trained with three seeds counts three times, and their spread tells of the
   * noise.
   */
  const points = computed(() =>
    inFit.value.flatMap(({ name, flops, losses }) => losses.map((y): LawPoint => ({ name, x: flops, y }))),
  )
  // Fitted anew only when a point or a choice changes, not with every record.
  const request = computed(() => {
    const options = {
      form: form.value,
      forecastAt: standings.value.filter((one) => one.loss === null && one.ownRatio === null).map((one) => one.flops),
      reach: 30,
    }
    return points.value.length ? JSON.stringify({ points: points.value, options }) : null
  })
  const law = fittedLatest(
    'law',
    () => request.value,
    () => studies.currentId,
    notices.fail,
  )
  /** Off the ratio the law predicts nothing. */
  const forecastOf = ({ flops, ownRatio }: Pick<Standing, 'flops' | 'ownRatio'>) =>
    ownRatio === null ? (law.value?.forecasts.find((one) => one.x === flops) ?? null) : null
  /** Finished members that the fit leaves out because their tokens per parameter are not the recipe's. */
  const offRatio = computed(() =>
    standings.value.filter((one) => one.ownRatio !== null && one.loss !== null && one.isExcluded && !one.isOut),
  )

  /** Members of the fit whose run multiplied in bf16, where others did in fp32: their losses are not of one law. */
  const inHalf = computed(() => {
    const half = inFit.value.filter(({ run }) => run?.precision === 'bf16')
    return half.length < inFit.value.length ? half : []
  })

  /** Runs of the fit that an older lab scored on a part of the validation split, where their last weights are here. */
  const inPart = computed(() => inFit.value.flatMap(({ run }) => (run && canRescore(run) ? [run] : [])))

  /** Runs that no law counts, because they began from a model's weights. */
  const continued = computed(() => runs.ofStudy(studies.currentId).filter(({ origin }) => origin !== undefined))

  function exclude(memberId: string, isOut: boolean): void {
    const study = studies.current
    if (!study) return
    const without = (all: Record<string, string[]>) => (all[study.id] ?? []).filter((id) => id !== memberId)
    const isOff = standings.value.some((one) => one.memberId === memberId && one.ownRatio !== null)
    excluded.value = {
      ...excluded.value,
      [study.id]: isOut && !isOff ? [...without(excluded.value), memberId] : without(excluded.value),
    }
    included.value = {
      ...included.value,
      [study.id]: !isOut && isOff ? [...without(included.value), memberId] : without(included.value),
    }
  }

  return {
    standings,
    inFit,
    points,
    law,
    form,
    cooldown,
    hasCooldowns,
    continued,
    offRatio,
    inHalf,
    inPart,
    forecastOf,
    exclude,
  }
})

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
