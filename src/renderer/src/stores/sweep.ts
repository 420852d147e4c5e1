// Sweeps of the open study: what its trainings show of any field, and the dialog that begins another.
import { useLocalStorage } from '@vueuse/core'
import { defineStore } from 'pinia'
import { computed, ref, watch } from 'vue'
import type { TrialCost } from '#shared/comparison/trial.ts'
import { isUnderWay } from '#shared/task-state.ts'
import { shiftOf, sweepCurves, sweepRunsOf, sweptFields } from '#shared/sweep/curves.ts'
import { type SweepField, sweepTitles, usualFields } from '#shared/sweep/fields.ts'
import { isLawField, rateLawOf, withLaw } from '#shared/sweep/rate-law.ts'
import { type SweepChoices, sweptName } from '#shared/sweep/plan.ts'
import { useBridge } from '../bridge.ts'
import { useNoticesStore } from './notices.ts'
import { useRunPlansStore } from './run-plans.ts'
import { useRunsStore } from './runs.ts'
import { usePlanStore } from './plan.ts'
import { useShellStore } from './shell.ts'
import { useStudiesStore } from './studies.ts'

export const useSweepStore = defineStore('sweep', () => {
  const bridge = useBridge()
  const notices = useNoticesStore()
  const studies = useStudiesStore()
  const runs = useRunsStore()
  const runPlans = useRunPlansStore()
  const shell = useShellStore()
  const plan = usePlanStore()

  const isOpen = ref(false)
  const isBeginning = ref(false)
  const first = ref<SweepField>(usualFields[0])
  const page = useLocalStorage<'law' | 'compare' | 'sweeps'>('isoflop.law-page', 'law')
  const chosen = ref<SweepField | null>(null)

  const own = computed(() => runs.ofStudy(studies.currentId))
  const all = computed(() => sweepRunsOf(own.value, runPlans.plans))
  const fields = computed(() => sweptFields(all.value))
  const field = computed({
    get: () => (chosen.value && fields.value.includes(chosen.value) ? chosen.value : (fields.value[0] ?? null)),
    set: (to) => (chosen.value = to),
  })
  const curves = computed(() => (field.value ? sweepCurves(all.value, field.value) : []))
  const shift = computed(() => shiftOf(curves.value))
  /** The best rate or batch against N and D, with the study's largest member. */
  const law = computed(() => (isLawField(field.value) ? rateLawOf(all.value, field.value) : null))
  const largest = computed(() => plan.trainable[plan.trainable.length - 1])
  /** Studies that may take the law, and the one that does: that which was swept, where it is still there. */
  const takers = computed(() => studies.studies.filter(({ isArchived }) => !isArchived))
  const named = ref<string | null>(null)
  const taker = computed({
    get: () => {
      const wanted = [named.value, swept.value?.id, studies.currentId]
      return wanted.find((id) => takers.value.some((one) => one.id === id)) ?? ''
    },
    set: (id) => (named.value = id),
  })
  watch(
    () => studies.currentId,
    () => (named.value = null),
  )
  const swept = computed(() => takers.value.find(({ name }) => name === sweptName(studies.current?.name ?? '')))
  /** Each of its members then gets its own rate or batch. */
  function useLaw(): void {
    const study = takers.value.find(({ id }) => id === taker.value)
    if (!study || !law.value) return
    const { field } = law.value
    studies.open(study.id)
    studies.change({ recipe: withLaw(study.recipe, law.value) })
    shell.go('family')
    notices.tell(`Each member of ${study.name} has its ${sweepTitles[field].toLowerCase()} by the law now.`)
  }
  /** Trainings that are still to come. */
  const underWay = computed(() => own.value.filter(isUnderWay).length)
  const need = () => runPlans.need(own.value.map(({ id }) => id))

  /** The dialog, at a field where one is meant. */
  function ask(wanted?: SweepField): void {
    if (wanted) first.value = wanted
    isOpen.value = true
  }
  /** Rejects with the sentence that says why it cannot be. */
  const cost = (choices: SweepChoices): Promise<TrialCost> => bridge.request('sweepCost', studies.currentId!, choices)

  /** Begins it and shows it where it will stand. */
  async function begin(choices: SweepChoices): Promise<void> {
    const { current } = studies
    if (!current || isBeginning.value) return
    isBeginning.value = true
    await studies.save()
    const swept = await notices.attempt(() => bridge.request('beginSweep', current.id, choices))
    isBeginning.value = false
    if (!swept) return
    isOpen.value = false
    page.value = 'sweeps'
    studies.open(swept.id)
    shell.go('law')
    notices.tell(`${swept.name} trains.`, { label: `Back to ${current.name}`, run: () => studies.open(current.id) })
  }

  return {
    isOpen,
    isBeginning,
    first,
    page,
    fields,
    field,
    curves,
    shift,
    own,
    underWay,
    need,
    ask,
    cost,
    begin,
    law,
    largest,
    takers,
    taker,
    useLaw,
  }
})
