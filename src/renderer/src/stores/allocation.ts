// A budget, and what each fit makes of it: how large a model, on how many tokens, what loss, and how long here.
import { useLocalStorage } from '@vueuse/core'
import { defineStore } from 'pinia'
import { computed, shallowRef, watch } from 'vue'
import { memberOfSize } from '#shared/family/dial.ts'
import { planMember } from '#shared/family/plan.ts'
import { toFaultData } from '#shared/fault.ts'
import { intervalOf, type Interval } from '#shared/scaling/bootstrap.ts'
import { lawOf } from '#shared/scaling/law.ts'
import { allocationByRatio, optimalAllocation } from '#shared/scaling/optimum.ts'
import type { LawPoint, SurfacePoint } from '#shared/scaling/points.ts'
import { evaluateSurface } from '#shared/scaling/surface.ts'
import { pointsOf } from '../curves/rests.ts'
import { fitSurfacesAside } from '../fitting/aside.ts'
import type { FittedSurface } from '../fitting/surfaces.ts'
import { useLabStore } from './lab.ts'
import { useLawStore } from './law.ts'
import { useNoticesStore } from './notices.ts'
import { usePlanStore } from './plan.ts'
import { useRunsStore } from './runs.ts'
import { useStudiesStore } from './studies.ts'

export interface BudgetAnswer {
  /** Which fit says so. */
  fit: string
  parameters: number
  tokens: number
  loss: number
  interval: Interval | null
  /** Time on this machine, null until it is measured. */
  seconds: number | null
}

export type BudgetRow = { fit: string; answer: BudgetAnswer; problem: null } | { fit: string; answer: null; problem: string }

export const useAllocationStore = defineStore('allocation', () => {
  const studies = useStudiesStore()
  const plan = usePlanStore()
  const law = useLawStore()
  const runs = useRunsStore()
  const lab = useLabStore()
  const notices = useNoticesStore()
  const typed = useLocalStorage<Record<string, number>>('isoflop.budgets', {})
  /** FLOPs, in the study's convention; ten times the largest member unless a person said otherwise. */
  const budget = computed({
    get: () => typed.value[studies.currentId ?? ''] ?? Number((10 * Math.max(0, ...law.standings.map(({ flops }) => flops))).toPrecision(2)),
    set: (flops) => (typed.value = { ...typed.value, [studies.currentId ?? '']: flops }),
  })

  /** Every point of every run, as a surface sees it: a wsd-s run gives three. */
  const surfacePoints = computed<SurfacePoint[]>(() => law.standings.flatMap(({ run, name, isExcluded }) =>
    (run && !isExcluded ? pointsOf(run, runs.curves.get(run.id)?.validations ?? []) : []).flatMap(({ tokens, loss }) =>
      (loss === null ? [] : [{ parameters: run!.parameters, tokens, loss, name }]))))
  const key = computed(() => JSON.stringify(surfacePoints.value))

  const secondsFor = (parameters: number, tokens: number): number | null => {
    const basis = plan.basis
    if (!basis) return null
    const recipe = { ...basis.recipe, decay: 'linear' as const } // one run to the end of the tokens
    const member = { ...memberOfSize(parameters, recipe.context, basis.vocabulary), tokensPerParameter: tokens / parameters }
    return planMember(member, { ...basis, recipe }, null, lab.machine).seconds
  }
  const row = (fit: string, work: () => Omit<BudgetAnswer, 'fit' | 'seconds'>): BudgetRow => {
    try {
      const found = work()
      return { fit, answer: { fit, ...found, seconds: secondsFor(found.parameters, found.tokens) }, problem: null }
    } catch (error) {
      return { fit, answer: null, problem: toFaultData(error).message }
    }
  }
  // Fitted anew only when a point changes, not while the budget is typed.
  const surfaces = shallowRef<FittedSurface[]>([])
  watch(key, (text) => {
    fitSurfacesAside(JSON.parse(text) as SurfacePoint[]).then((found) => {
      if (key.value === text) surfaces.value = found
    }, notices.fail)
  }, { immediate: true })
  // A training tells ten times a second; four hundred refits are done when a point is new.
  const curveKey = computed(() => JSON.stringify(law.points))
  const rows = computed<BudgetRow[]>(() => {
    const flops = budget.value
    const recipe = studies.current?.recipe
    if (!(flops > 0) || !recipe) return []
    const points = JSON.parse(curveKey.value) as LawPoint[]
    const curves = (['power', 'offset-power'] as const).map((form) => row(form === 'power' ? 'Power law' : 'Power law with offset', () => {
      const { forecasts, problem } = lawOf(points, { form, forecastAt: [flops] })
      if (problem) throw new Error(problem)
      const { parameters, tokens } = allocationByRatio(flops, recipe.tokensPerParameter)
      return { parameters, tokens, loss: forecasts[0].y, interval: forecasts[0].interval }
    }))
    return [...curves, ...surfaces.value.map(({ name, fit, drawn, problem }) => row(name, () => {
      if (problem !== null) throw new Error(problem)
      const { parameters, tokens, loss } = optimalAllocation(fit, flops)
      return { parameters, tokens, loss, interval: intervalOf(drawn.map((one) => evaluateSurface(one, parameters, tokens)), 0.95) }
    }))]
  })
  return { budget, rows, surfacePoints }
})
