// The law of the open study: one point for each finished member, the fit, and what it says about the others.
import { useLocalStorage } from '@vueuse/core'
import { defineStore } from 'pinia'
import { computed } from 'vue'
import { canRescore, type RunSummary } from '#shared/run.ts'
import type { CurveForm } from '#shared/scaling/curve.ts'
import { standingsOf, trainingsOf, type Standing } from '../curves/standings.ts'
import { fittedLatest } from '../fitting/latest.ts'
import { useNoticesStore } from './notices.ts'
import { usePlanStore } from './plan.ts'
import { useRunsStore } from './runs.ts'
import { useStudiesStore } from './studies.ts'

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
  /** Where a run has points before its end; of others nothing here waits for their curves. */
  const validationsOf = (run: RunSummary) => (run.cooldowns && runs.curves.get(run.id)?.validations) ?? []
  /** What a person chose of a study's points. */
  const choicesOf = (studyId: string) => ({
    excluded: new Set(excluded.value[studyId] ?? []),
    included: new Set(included.value[studyId] ?? []),
    cooldown: cooldown.value,
  })

  const standings = computed<Standing[]>(() => {
    const study = studies.current
    return study
      ? standingsOf({
          recipe: study.recipe,
          runs: runs.ofStudy(study.id),
          plans: plan.plans,
          trainable: plan.trainable,
          ...choicesOf(study.id),
          validationsOf,
        })
      : []
  })

  /** Every training whose points count for surfaces and parabolas: all repeats, and a run that is still under way. */
  const trainings = computed(() =>
    standings.value
      .filter(({ isOut }) => !isOut)
      .flatMap(({ run, repeats }) => (repeats.length ? repeats : run ? [run] : [])),
  )

  /** Whether any run has several points, so that one must be chosen. */
  const hasCooldowns = computed(
    () => standings.value.some(({ run }) => run?.cooldowns !== undefined) || studies.current?.recipe.decay === 'wsd-s',
  )
  const inFit = computed(() => standings.value.filter((one) => one.loss !== null && !one.isExcluded))
  const points = computed(() => trainingsOf(standings.value))
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
    choicesOf,
    validationsOf,
    standings,
    trainings,
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
