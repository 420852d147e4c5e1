// Which published laws and models lie over the study's own, and what keeps them from being compared.
import { useLocalStorage } from '@vueuse/core'
import { defineStore } from 'pinia'
import { computed } from 'vue'
import { curveFromConstants, evaluateCurve } from '#shared/scaling/curve.ts'
import { optimalAllocation } from '#shared/scaling/optimum.ts'
import {
  differencesFrom,
  publishedFlops,
  publishedLaws,
  publishedPoints,
  type PublishedFamily,
  type PublishedLaw,
} from '#shared/scaling/published.ts'
import type { Overlay } from '../charts/overlays.ts'
import { useLossUnit } from './loss-unit.ts'
import { usePlanStore } from './plan.ts'
import { useStudiesStore } from './studies.ts'

/** Of laws that were published without a range, as far as anyone has trained. */
const anyRange: [number, number] = [1e17, 1e25]

export const useOverlaysStore = defineStore('overlays', () => {
  const studies = useStudiesStore()
  const plan = usePlanStore()
  const lossUnit = useLossUnit()
  const chosen = useLocalStorage<string[]>('isoflop.overlays', [])

  const differences = (published: Parameters<typeof differencesFrom>[0]): string[] => {
    const study = studies.current
    return study
      ? differencesFrom(published, {
          tokenizer: study.tokenizer,
          corpusName: plan.corpus?.name ?? '',
          flopsConvention: study.recipe.flopsConvention,
        })
      : []
  }
  /** Laws over size or data have no place on an axis of compute. */
  const laws = publishedLaws.filter((law) => law.kind === 'surface' || law.x === 'flops')
  const asLaw = (law: PublishedLaw): Overlay => {
    const [from, to] = (law.kind === 'curve' ? law.range : null) ?? anyRange
    const xs = Array.from({ length: 61 }, (_, i) => Math.exp(Math.log(from) + (i / 60) * Math.log(to / from)))
    const at = (x: number) =>
      law.kind === 'curve'
        ? evaluateCurve(curveFromConstants(law.parameters), x)
        : optimalAllocation(law.surface, x).loss
    return {
      id: law.id,
      name: law.name,
      kind: 'law',
      points: xs.map((x) => ({ x, y: at(x) })),
      source: law.source,
      loss: law.loss,
      differences: differences(law),
    }
  }
  const asFamily = (family: PublishedFamily): Overlay => {
    const { convention } = plan
    const known = publishedFlops(family.points[0], convention) === null ? ('cerebras' as const) : convention
    const points = family.points
      .flatMap((point) => {
        const x = publishedFlops(point, known)
        return x === null ? [] : [{ x, y: point.loss, name: point.name }]
      })
      .sort((a, b) => a.x - b.x)
    return {
      id: `${family.id} models`,
      name: `${family.name} models`,
      kind: 'family',
      points,
      source: family.source,
      loss: family.loss,
      differences: differences({ ...family, flopsConvention: known }),
    }
  }
  const all = computed<Overlay[]>(() => [...publishedPoints.map(asFamily), ...laws.map(asLaw)])
  /** Losses per token of tokenizers that are not here cannot be said in bits per byte. */
  const isPossible = computed(() => !lossUnit.isBits)
  const shown = computed(() => (isPossible.value ? all.value.filter(({ id }) => chosen.value.includes(id)) : []))
  const show = (id: string, isShown: boolean) => {
    chosen.value = isShown
      ? [...chosen.value.filter((one) => one !== id), id]
      : chosen.value.filter((one) => one !== id)
  }
  const isShown = (id: string) => chosen.value.includes(id)
  return { all, shown, show, isShown, isPossible }
})
