// What a person chose of the training curves: against what they stand, and for each quantity its own scales, window of
// smoothing and limits. Remembered.
import { useLocalStorage } from '@vueuse/core'
import { computed } from 'vue'
import type { CurveX, CurveY } from '../../charts/curve-quantities.ts'
import { useLossUnit } from '../../stores/loss-unit.ts'
import { isLimited, noLimit, type Limit, type ScaleKind } from '../../charts/scale.ts'

interface QuantityChoices {
  xScale: ScaleKind
  yScale: ScaleKind
  /** Share of a curve over which it is averaged. */
  smoothing: number
  ignoreOutliers: boolean
  y: Limit
  /** Of losses in bits per byte. */
  yBits: Limit
}

const usual: QuantityChoices = {
  xScale: 'linear',
  yScale: 'linear',
  smoothing: 0.008,
  ignoreOutliers: false,
  y: noLimit,
  yBits: noLimit,
}

/** Places of the slider of smoothing. */
export const smoothingShares = [0, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.128] as const

export function useCurveChoices() {
  const all = useLocalStorage(
    'isoflop.training-chart',
    {
      x: 'step' as CurveX,
      y: 'loss' as CurveY,
      showTraining: true,
      showValidation: true,
      lastSteps: null as number | null,
      limits: {} as Partial<Record<CurveX, Limit>>,
      charts: {} as Partial<Record<CurveY, QuantityChoices>>,
    },
    { mergeDefaults: true },
  )
  const chart = computed({
    get: (): QuantityChoices => ({ ...usual, ...all.value.charts[all.value.y] }),
    set: (to) => (all.value.charts = { ...all.value.charts, [all.value.y]: to }),
  })
  const xLimit = computed({
    get: () => all.value.limits[all.value.x] ?? noLimit,
    set: (to) => (all.value.limits = { ...all.value.limits, [all.value.x]: to }),
  })
  const lossUnit = useLossUnit()
  const yKey = computed(() => (lossUnit.isBits && all.value.y === 'loss' ? 'yBits' : 'y'))
  const yLimit = computed({
    get: () => chart.value[yKey.value],
    set: (to) => (chart.value = { ...chart.value, [yKey.value]: to }),
  })
  const field = <K extends keyof QuantityChoices>(key: K) =>
    computed({
      get: () => chart.value[key],
      set: (to: QuantityChoices[K]) => (chart.value = { ...chart.value, [key]: to }),
    })
  const isLog = (axis: 'xScale' | 'yScale') =>
    computed({
      get: () => chart.value[axis] === 'log',
      set: (to) => (chart.value = { ...chart.value, [axis]: to ? 'log' : 'linear' }),
    })
  const hasLimits = computed(() => isLimited(xLimit.value) || isLimited(yLimit.value) || all.value.lastSteps !== null)
  function clearLimits(): void {
    xLimit.value = noLimit
    yLimit.value = noLimit
    all.value.lastSteps = null
  }
  return {
    all,
    chart,
    xLimit,
    yLimit,
    smoothing: field('smoothing'),
    ignoreOutliers: field('ignoreOutliers'),
    xLog: isLog('xScale'),
    yLog: isLog('yScale'),
    hasLimits,
    clearLimits,
  }
}
