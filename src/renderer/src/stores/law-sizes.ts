// How the best size grows with compute, read two ways: IsoFLOP parabolas and the envelope of the training curves.
import { defineStore } from 'pinia'
import { computed } from 'vue'
import {
  budgetTolerance,
  fitIsoflops,
  gatherBudgets,
  type IsoflopFit,
  type IsoflopPoint,
} from '#shared/scaling/isoflop.ts'
import { membersAtBudget } from '#shared/family/additions.ts'
import { countParameters } from '#shared/family/shape.ts'
import { isoflopIntervals } from '#shared/scaling/isoflop-intervals.ts'
import { mostSizes, openSide } from '../curves/budgets.ts'
import { envelopeOfMembers } from '../curves/envelope.ts'
import { pointsOf } from '../curves/cooldowns.ts'
import { useLawStore } from './law.ts'
import { usePlanStore } from './plan.ts'
import { useRunsStore } from './runs.ts'

/** From the outermost size to the next one that is offered, and from that to one more. */
const bracketStep = 1.6

export const useSizesStore = defineStore('law-sizes', () => {
  const law = useLawStore()
  const runs = useRunsStore()
  const plan = usePlanStore()

  const points = computed<IsoflopPoint[]>(() =>
    gatherBudgets(
      law.trainings.flatMap((run) =>
        pointsOf(run, law.validationsOf(run)).flatMap(({ flops, tokens, loss }) =>
          loss === null ? [] : [{ budget: flops, parameters: run.parameters, tokens, loss }],
        ),
      ),
    ),
  )
  /** Parabolas through the points; null with the sentence that says what is missing where no budget has three sizes. */
  const isoflops = computed<{ fit: IsoflopFit; problem: null } | { fit: null; problem: string }>(() => {
    const sizes = mostSizes(points.value)
    if (sizes < 3) {
      const now = sizes === 0 ? 'none has finished' : sizes === 1 ? 'no two took the same' : 'the most are two'
      return {
        fit: null,
        problem:
          `A parabola needs three finished members of different size at the same compute (within ${budgetTolerance * 100} %); now ${now}. ` +
          'In Family, “IsoFLOP grid” adds several sizes at each of several budgets.',
      }
    }
    return { fit: fitIsoflops(points.value), problem: null }
  })

  /** 95 % of the minima and of the exponents. */
  const intervals = computed(() =>
    isoflops.value.fit ? isoflopIntervals(points.value, isoflops.value.fit, { resamples: 200 }) : null,
  )
  /** Budgets whose minimum lies outside the sizes trained, each with the members that would bracket it. */
  const brackets = computed(() =>
    (isoflops.value.fit?.profiles ?? []).flatMap((profile) => {
      const side = openSide(points.value, profile)
      if (!side || !plan.basis) return []
      const sizes = points.value.filter(({ budget }) => budget === profile.budget).map(({ parameters }) => parameters)
      const edge = side === 'smaller' ? Math.min(...sizes) : Math.max(...sizes)
      const steps = [bracketStep, bracketStep ** 2].map((step) => (side === 'smaller' ? edge / step : edge * step))
      const { recipe, vocabulary } = plan.basis
      // sizes come in whole blocks: what rounds back to a size that was trained brackets nothing
      const members = membersAtBudget(profile.budget, steps, plan.basis).filter(({ layers, width, heads }) => {
        const size = countParameters({ layers, width, heads, context: recipe.context, vocabulary })
        return side === 'smaller' ? size < edge : size > edge
      })
      return members.length ? [{ budget: profile.budget, side, members }] : []
    }),
  )

  const members = computed(() =>
    law.standings.flatMap(({ run, isOut }) =>
      run && !isOut
        ? [
            {
              memberId: run.memberId,
              parameters: run.parameters,
              flopsPerToken: run.flopsPerToken,
              curve: runs.curves.get(run.id) ?? null,
            },
          ]
        : [],
    ),
  )
  const envelope = computed(() => {
    void runs.curves // grows in place
    return envelopeOfMembers(members.value)
  })
  /** Members that are lowest somewhere, smallest compute first, each with the compute from which it is. */
  const leaders = computed(() => {
    const found: { memberId: string; from: number; to: number }[] = []
    for (const { curve, flops } of envelope.value.points) {
      const { memberId } = members.value[curve]
      const last = found[found.length - 1]
      if (last?.memberId === memberId) last.to = flops
      else found.push({ memberId, from: flops, to: flops })
    }
    return found
  })
  const envelopeProblem = computed(() =>
    new Set(leaders.value.map(({ memberId }) => memberId)).size >= 2
      ? null
      : envelope.value.points.length === 0
        ? 'The envelope needs the training curves of two members.'
        : 'One member is the lowest at every compute so far. The envelope says how size grows once a larger one has overtaken it.',
  )

  return { points, isoflops, intervals, brackets, envelope, leaders, envelopeProblem }
})
