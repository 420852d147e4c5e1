// The open study against another: which one, how it is fitted, and what came of it.
import { useLocalStorage } from '@vueuse/core'
import { defineStore } from 'pinia'
import { computed, ref, shallowRef, watch } from 'vue'
import type { ComparisonOptions, Currency } from '#shared/comparison/compare.ts'
import type { StudyEvidence } from '#shared/comparison/evidence.ts'
import type { RecipeChange, TrialChoices, TrialCost } from '#shared/comparison/trial.ts'
import type { Study } from '#shared/study.ts'
import type { Pair, PairForm } from '#shared/scaling/multiplier/pair-fit.ts'
import { useBridge } from '../bridge.ts'
import { fittedLatest } from '../fitting/latest.ts'
import { useLossUnit } from './loss-unit.ts'
import { useNoticesStore } from './notices.ts'
import { useRunsStore } from './runs.ts'
import { useStudiesStore } from './studies.ts'

interface Choices {
  form: PairForm['kind']
  asymptote: number
  exponent: number | null
  currency: Currency
  price: { a: number | null; b: number | null }
}

const usual: Choices = {
  form: 'free',
  asymptote: 1.6,
  exponent: null,
  currency: 'compute',
  price: { a: null, b: null },
}

export const useComparisonStore = defineStore('comparison', () => {
  const bridge = useBridge()
  const studies = useStudiesStore()
  const runs = useRunsStore()
  const notices = useNoticesStore()
  const lossUnit = useLossUnit()
  const choices = useLocalStorage<Choices>('isoflop.comparison', usual, { mergeDefaults: true })
  const chosen = useLocalStorage<Record<string, string>>('isoflop.compared-with', {})

  const others = computed(() => studies.studies.filter(({ id, isArchived }) => id !== studies.currentId && !isArchived))
  const otherId = computed({
    get: () => {
      const wanted = chosen.value[studies.currentId ?? '']
      return others.value.some(({ id }) => id === wanted) ? wanted : ''
    },
    set: (to) => {
      if (studies.currentId) chosen.value = { ...chosen.value, [studies.currentId]: to }
    },
  })

  const evidence = shallowRef<Pair<StudyEvidence> | null>(null)
  const finishedOf = (id: string) =>
    runs
      .ofStudy(id)
      .filter(({ state }) => state === 'finished')
      .map((run) => `${run.id} ${run.validationLoss}`)
      .join()
  let newest = 0
  watch(
    () => {
      const [a, b] = [studies.currentId, otherId.value]
      return a && b ? JSON.stringify([a, b, studies.current?.updatedMs, finishedOf(a), finishedOf(b)]) : null
    },
    async (key) => {
      const mine = ++newest
      if (key === null) {
        evidence.value = null
        return
      }
      const [a, b] = JSON.parse(key) as string[]
      try {
        const [one, other] = await Promise.all([bridge.request('studyEvidence', a), bridge.request('studyEvidence', b)])
        if (mine === newest) evidence.value = { a: one, b: other }
      } catch (error) {
        notices.fail(error)
      }
    },
    { immediate: true },
  )

  const options = computed<ComparisonOptions>(() => {
    const { form, asymptote, exponent, price } = choices.value
    return {
      form: form === 'pinned' ? { kind: form, asymptote, exponent } : { kind: form },
      unit: lossUnit.unit,
      prices: price.a === null ? null : { a: price.a, b: price.b ?? price.a },
    }
  })
  const comparison = fittedLatest(
    'comparison',
    () => (evidence.value ? JSON.stringify({ evidence: evidence.value, options: options.value }) : null),
    () => `${studies.currentId} ${otherId.value}`,
    notices.fail,
  )
  const answer = computed(() => comparison.value?.answers[choices.value.currency] ?? null)

  const isBeginning = ref(false)
  /** Rejects with the sentence that says why the change cannot be. */
  const trialCost = (studyId: string, change: RecipeChange, trial: TrialChoices): Promise<TrialCost> =>
    bridge.request('trialCost', studyId, change, trial)
  /** The twin, which is then what the study is compared with; undefined where it could not begin. */
  async function beginTrial(studyId: string, change: RecipeChange, trial: TrialChoices): Promise<Study | undefined> {
    isBeginning.value = true
    try {
      const twin = await notices.attempt(() => bridge.request('beginTrial', studyId, change, trial))
      if (twin) chosen.value = { ...chosen.value, [studyId]: twin.id }
      return twin
    } finally {
      isBeginning.value = false
    }
  }

  return { choices, others, otherId, comparison, answer, isBeginning, trialCost, beginTrial }
})
