// What the open study will take, recomputed with every change by the very functions that the trainer uses.
import { defineStore } from 'pinia'
import { computed } from 'vue'
import type { MemberPlan } from '#shared/family/ladder.ts'
import { planLadder } from '#shared/family/plan.ts'
import { memberColour, memberSymbol } from '../charts/theme.ts'
import { vocabularyOf } from '#shared/tokenizer/vocabulary.ts'
import { useCorporaStore } from './corpora.ts'
import { useLabStore } from './lab.ts'
import { useRunsStore } from './runs.ts'
import { useStudiesStore } from './studies.ts'

export interface MemberStyle {
  colour: string
  symbol: string
}

export const usePlanStore = defineStore('plan', () => {
  const studies = useStudiesStore()
  const corpora = useCorporaStore()
  const lab = useLabStore()
  const runs = useRunsStore()

  const corpus = computed(() => (studies.current ? corpora.find(studies.current.corpusId) : null))
  const tokens = computed(() => {
    const study = studies.current
    return study ? corpora.tokensOf(study.corpusId, study.tokenizer) : null
  })
  const splits = computed(() => (tokens.value?.state === 'finished' ? tokens.value.tokens : null))
  const trainTokens = computed(() => splits.value?.train ?? null)
  const vocabulary = computed(() => {
    const known = tokens.value?.state === 'finished' ? tokens.value.vocabulary : 0
    return known || (studies.current ? vocabularyOf(studies.current.tokenizer) : 257)
  })
  const basis = computed(() =>
    studies.current ? { recipe: studies.current.recipe, vocabulary: vocabulary.value } : null,
  )
  const plans = computed<MemberPlan[]>(() => {
    const study = studies.current
    return study && basis.value ? planLadder(study.ladder, basis.value, splits.value, lab.machine) : []
  })
  const planById = computed(() => new Map(plans.value.map((plan) => [plan.memberId, plan])))
  /** Members that will train when asked: on, and not refused. */
  const trainable = computed(() => {
    const on = new Set(studies.current?.ladder.members.filter((member) => member.isEnabled).map((member) => member.id))
    return plans.value.filter((plan) => on.has(plan.memberId) && !plan.refusal)
  })
  const convention = computed(() => studies.current?.recipe.flopsConvention ?? 'sixNd')
  const totals = computed(() => {
    const of = trainable.value
    const sum = (value: (plan: MemberPlan) => number) => of.reduce((total, plan) => total + value(plan), 0)
    return {
      flops: sum((plan) => plan.flops[convention.value]),
      tokens: sum((plan) => plan.tokens),
      seconds: of.length && of.every((plan) => plan.seconds !== null) ? sum((plan) => plan.seconds ?? 0) : null,
      memoryBytes: Math.max(0, ...of.map((plan) => plan.memoryBytes)),
      epochs: of.some((plan) => plan.epochs !== null) ? Math.max(...of.map((plan) => plan.epochs ?? 0)) : null,
    }
  })
  /** One style for each member everywhere, by its place in order of size. */
  const styles = computed(() => {
    // members that were trained and then removed keep theirs
    const sizes = new Map(runs.ofStudy(studies.currentId).map((run) => [run.memberId, run.parameters]))
    for (const plan of plans.value) if (plan.parameters) sizes.set(plan.memberId, plan.parameters)
    const bySize = [...sizes].sort((a, b) => a[1] - b[1])
    return new Map<string, MemberStyle>(
      bySize.map(([memberId], place) => [
        memberId,
        { colour: memberColour(place, bySize.length, lab.isDark), symbol: memberSymbol(place) },
      ]),
    )
  })
  const styleOf = (memberId: string): MemberStyle =>
    styles.value.get(memberId) ?? { colour: lab.isDark ? '#8b8f98' : '#7b7e86', symbol: 'circle' }

  return {
    corpus,
    tokens,
    splits,
    trainTokens,
    vocabulary,
    basis,
    plans,
    planById,
    trainable,
    convention,
    totals,
    styles,
    styleOf,
  }
})
