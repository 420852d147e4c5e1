// Sweeps of the open study: what its trainings show of any field, and the dialog that begins another.
import { useLocalStorage } from '@vueuse/core'
import { defineStore } from 'pinia'
import { computed, ref } from 'vue'
import type { TrialCost } from '#shared/comparison/trial.ts'
import { isUnderWay } from '#shared/task-state.ts'
import { shiftOf, sweepCurves, sweptFields, type SweepRun } from '#shared/sweep/curves.ts'
import { type SweepField, usualFields } from '#shared/sweep/fields.ts'
import { isLawField, rateAt, rateLawOf } from '#shared/sweep/rate-law.ts'
import { rounded } from '#shared/numbers.ts'
import type { SweepChoices } from '#shared/sweep/plan.ts'
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
  const all = computed(() =>
    own.value.flatMap((run): SweepRun[] => {
      const plan = runPlans.plans.get(run.id)
      return plan ? [{ run, plan }] : []
    }),
  )
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
  const advised = computed(() => {
    if (!law.value || !largest.value || !studies.current) return null
    const { context } = studies.current.recipe
    const found = rateAt(law.value, largest.value.parameters, largest.value.tokens)
    return law.value.field === 'batchTokens' ? context * Math.max(1, Math.round(found / context)) : rounded(found, 3)
  })
  /** Takes it into the study's recipe: one value for all members, the largest one's. */
  function useAdvised(): void {
    const { current } = studies
    if (current && law.value && advised.value !== null)
      studies.change({ recipe: { ...current.recipe, [law.value.field]: advised.value } })
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
    advised,
    useAdvised,
  }
})
