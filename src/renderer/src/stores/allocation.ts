// A budget, and what each fit makes of it: how large a model, on how many tokens, what loss, and how long here.
import { useLocalStorage } from '@vueuse/core'
import { defineStore } from 'pinia'
import { computed } from 'vue'
import { allocationByRecipe } from '#shared/family/allocation.ts'
import { memberOfSize } from '#shared/family/dial.ts'
import { planMember } from '#shared/family/plan.ts'
import { toFaultData } from '#shared/fault.ts'
import { forecastAt, type Interval } from '#shared/scaling/bootstrap.ts'
import { evaluateCurve } from '#shared/scaling/curve.ts'
import { allocationByRatio, optimalAllocation } from '#shared/scaling/optimum.ts'
import type { SurfacePoint } from '#shared/scaling/points.ts'
import { reachWarning, surfaceWarnings } from '#shared/scaling/warnings.ts'
import { effectiveTokens, lossOfRepeats, publishedRepeats } from '#shared/scaling/repeated.ts'
import { evaluateSurface } from '#shared/scaling/surface.ts'
import { surfaceForecastAt } from '#shared/scaling/surface-forecast.ts'
import { pointsOf } from '../curves/cooldowns.ts'
import { fittedLatest } from '../fitting/latest.ts'
import { useLabStore } from './lab.ts'
import { useLawStore } from './law.ts'
import { useNoticesStore } from './notices.ts'
import { usePlanStore } from './plan.ts'
import { useStudiesStore } from './studies.ts'
import { rounded } from '#shared/numbers.ts'

export interface BudgetAnswer {
  /** Which fit says so. */
  fit: string
  parameters: number
  tokens: number
  loss: number
  interval: Interval | null
  /** Where the text is shorter: how often it is read, and what its readings are worth in new tokens; else null. */
  repeats: { epochs: number; worth: number } | null
  /** Time on this machine, null until it is measured. */
  seconds: number | null
}

export type BudgetRow =
  | { fit: string; answer: BudgetAnswer; problem: null }
  | { fit: string; answer: null; problem: string }

export const useAllocationStore = defineStore('allocation', () => {
  const studies = useStudiesStore()
  const plan = usePlanStore()
  const law = useLawStore()
  const lab = useLabStore()
  const notices = useNoticesStore()
  const typed = useLocalStorage<Record<string, number>>('isoflop.budgets', {})
  /** FLOPs, in the study's convention; ten times the largest member unless a person said otherwise. */
  const budget = computed({
    get: () =>
      typed.value[studies.currentId ?? ''] ?? rounded(10 * Math.max(0, ...law.standings.map(({ flops }) => flops)), 2),
    set: (flops) => (typed.value = { ...typed.value, [studies.currentId ?? '']: flops }),
  })

  /** Every point of every run, as a surface sees it: a wsd-s run gives three. */
  const surfacePoints = computed<SurfacePoint[]>(() =>
    law.trainings.flatMap((run) =>
      pointsOf(run, law.validationsOf(run)).flatMap(({ tokens, loss }) =>
        loss === null ? [] : [{ parameters: run.parameters, tokens, loss, name: run.name }],
      ),
    ),
  )

  const secondsFor = (parameters: number, tokens: number): number | null => {
    const basis = plan.basis
    if (!basis) return null
    const recipe = { ...basis.recipe, decay: 'linear' as const } // one run to the end of the tokens
    const member = {
      ...memberOfSize(parameters, recipe.context, basis.vocabulary),
      tokensPerParameter: tokens / parameters,
    }
    return planMember(member, { ...basis, recipe }, null, lab.machine).seconds
  }
  /** Fitted where runs of the study read their text again, else as published. */
  const repeatedFit = fittedLatest(
    'repeated',
    () => {
      const unique = plan.trainTokens
      return unique && surfacePoints.value.length
        ? JSON.stringify(surfacePoints.value.map((point) => ({ ...point, unique })))
        : null
    },
    () => studies.currentId,
    notices.fail,
  )
  const halfLife = computed(() => repeatedFit.value?.repeats.value ?? publishedRepeats)
  /** An answer by new text, as it is on the study's: `lossAgain` is the loss with the text as short as it is. */
  const onThisText = (
    found: Omit<BudgetAnswer, 'fit' | 'seconds' | 'repeats'>,
    lossAgain: (unique: number) => number,
  ): Omit<BudgetAnswer, 'fit' | 'seconds'> => {
    const unique = plan.trainTokens
    if (!unique || found.tokens <= unique) return { ...found, repeats: null }
    const loss = lossAgain(unique)
    const times = loss / found.loss
    return {
      ...found,
      loss,
      interval: found.interval && { low: found.interval.low * times, high: found.interval.high * times },
      repeats: { epochs: found.tokens / unique, worth: effectiveTokens(found.tokens, unique, halfLife.value) },
    }
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
  const surfaces = fittedLatest(
    'surfaces',
    () => JSON.stringify(surfacePoints.value),
    () => studies.currentId,
    notices.fail,
  )
  const curves = fittedLatest(
    'curves',
    () => JSON.stringify(law.points),
    () => studies.currentId,
    notices.fail,
  )
  const rows = computed<BudgetRow[]>(() => {
    const flops = budget.value
    const recipe = studies.current?.recipe
    if (!(flops > 0) || !recipe) return []
    return [
      ...(curves.value ?? []).map(({ name, fit, bootstrap, problem }) =>
        row(name, () => {
          if (problem !== null) throw new Error(problem)
          const { parameters, tokens } = plan.basis
            ? allocationByRecipe(flops, plan.basis)
            : allocationByRatio(flops, recipe.tokensPerParameter)
          return onThisText(
            { parameters, tokens, loss: evaluateCurve(fit, flops), interval: forecastAt(bootstrap, flops) },
            (unique) => lossOfRepeats(fit, flops, tokens, unique, halfLife.value),
          )
        }),
      ),
      ...(surfaces.value ?? []).map(({ name, fit, redraws, problem }) =>
        row(name, () => {
          if (problem !== null) throw new Error(problem)
          const { parameters, tokens, loss } = optimalAllocation(fit, flops)
          return onThisText(
            { parameters, tokens, loss, interval: surfaceForecastAt(redraws, parameters, tokens) },
            (unique) => evaluateSurface(fit, parameters, effectiveTokens(tokens, unique, halfLife.value)),
          )
        }),
      ),
    ]
  })
  /** Of the budget and of the surfaces’ points, beside what the one-line laws’ points give reason to say. */
  const warnings = computed(() => {
    const isFitted = surfaces.value?.some(({ fit }) => fit !== null) ?? false
    const ofSurfaces = isFitted ? surfaceWarnings(surfacePoints.value, [budget.value]) : []
    return law.points.length === 0
      ? ofSurfaces
      : [...reachWarning(law.points, [budget.value]), ...ofSurfaces.filter(({ kind }) => kind !== 'far-forecast')]
  })
  return { budget, rows, surfacePoints, warnings, repeatedFit, halfLife }
})
