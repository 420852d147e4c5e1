// A budget, and what each fit makes of it: how large a model, on how many tokens, what loss, and how long here.
import { useLocalStorage } from '@vueuse/core'
import { defineStore } from 'pinia'
import { computed } from 'vue'
import { memberOfSize } from '#shared/family/dial.ts'
import { planMember } from '#shared/family/plan.ts'
import { toFaultData } from '#shared/fault.ts'
import { bootstrapSurface, intervalOf, type Interval } from '#shared/scaling/bootstrap.ts'
import { lawOf } from '#shared/scaling/law.ts'
import { allocationByRatio, optimalAllocation } from '#shared/scaling/optimum.ts'
import { checkSurfacePoints, type LawPoint, type SurfacePoint } from '#shared/scaling/points.ts'
import { evaluateSurface, type SurfaceFit } from '#shared/scaling/surface.ts'
import { fitSurfaceHuber } from '#shared/scaling/surface-huber.ts'
import { fitSurface } from '#shared/scaling/surface-least-squares.ts'
import { pointsOf } from '../curves/rests.ts'
import { useLabStore } from './lab.ts'
import { useLawStore } from './law.ts'
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

/** The search from every start of Hoffmann et al. takes a tenth of a second for as many points; a study has fewer. */
const mostPoints = 60
const resamples = 100

export const useAllocationStore = defineStore('allocation', () => {
  const studies = useStudiesStore()
  const plan = usePlanStore()
  const law = useLawStore()
  const runs = useRunsStore()
  const lab = useLabStore()
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
  const surfaces = computed(() => {
    const points = JSON.parse(key.value) as SurfacePoint[]
    const fitted = (form: 'surface' | 'surface-huber', work: () => SurfaceFit) => {
      try {
        checkSurfacePoints(points)
        if (points.length > mostPoints) throw new Error(`With ${points.length} points, fit them on the command line: isoflop fit --form ${form}.`)
        const fit = work()
        return { fit, drawn: bootstrapSurface(form, fit, points, { resamples }).surfaces }
      } catch (error) {
        return { problem: toFaultData(error).message }
      }
    }
    return [
      { name: 'L(N, D), least squares', ...fitted('surface', () => fitSurface(points)) },
      { name: 'L(N, D), Huber', ...fitted('surface-huber', () => fitSurfaceHuber(points).fit) },
    ]
  })
  // A training tells ten times a second; four hundred refits are done when a point is new.
  const curveKey = computed(() => JSON.stringify(law.inFit.map(({ name, flops: x, loss }) => ({ name, x, y: loss! }))))
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
    return [...curves, ...surfaces.value.map(({ name, ...found }) => row(name, () => {
      if ('problem' in found) throw new Error(found.problem)
      const { parameters, tokens, loss } = optimalAllocation(found.fit, flops)
      return { parameters, tokens, loss, interval: intervalOf(found.drawn.map((one) => evaluateSurface(one, parameters, tokens)), 0.95) }
    }))]
  })
  return { budget, rows, surfacePoints }
})
