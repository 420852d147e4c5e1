// The axes of every chart, drawn alike.
import type { ChartTheme } from './theme.ts'
import { position, powerLabel, ticksOf, valueAt, type Range, type ScaleKind } from './scale.ts'
import { rounded, withPrefix } from '#shared/numbers.ts'

export interface AxisPlan {
  /** Says what and in which unit. */
  name: string
  kind: ScaleKind
  range: Range
  label?: (value: number) => string
  wanted?: number
  /** Values to be labelled in place of round ones, where the data has only these. */
  labelled?: number[]
}

/**
 * An ECharts value axis over positions: a logarithmic axis is a linear one over powers of ten, so zoom and hover read
 * one kind of number.
 */
export function axisOption(
  which: 'x' | 'y',
  { name, kind, range, label: own, wanted, labelled: given }: AxisPlan,
  theme: ChartTheme,
) {
  const { labelled, minor } = given
    ? { labelled: given, minor: [] }
    : ticksOf(range, kind, wanted ?? (which === 'x' ? 8 : 6))
  const write = own ?? (kind === 'linear' && labelled.some((value) => Math.abs(value) >= 1e5) ? withPrefix : powerLabel)
  const text = (value: number) => write(rounded(value, 10))
  const widest = Math.max(0, ...labelled.map((value) => text(value).length))
  return {
    type: 'value' as const,
    name,
    nameLocation: 'middle' as const,
    nameGap: which === 'x' ? 30 : Math.max(46, widest * digitPixels + labelPixels),
    nameTextStyle: { color: theme.faint, fontSize: 12, fontFamily: theme.font },
    min: position(range.from, kind),
    max: position(range.to, kind),
    animation: false,
    axisLine: { show: true, onZero: false, lineStyle: { color: theme.line } },
    axisTick: {
      show: true,
      length: 4,
      lineStyle: { color: theme.line },
      customValues: [...labelled, ...minor].map((value) => position(value, kind)),
    },
    axisLabel: {
      color: theme.faint,
      fontSize: 12,
      fontFamily: theme.font,
      hideOverlap: true,
      showMinLabel: true,
      showMaxLabel: true,
      customValues: labelled.map((value) => position(value, kind)),
      formatter: (at: number) => text(valueAt(at, kind)),
    },
    splitLine: { show: false },
  }
}

/** Hairlines behind the data at the labelled ticks only. */
export function gridLines(which: 'x' | 'y', { kind, range, wanted, labelled }: AxisPlan, theme: ChartTheme) {
  return {
    id: `grid-${which}`,
    type: 'line' as const,
    data: [] as number[][],
    silent: true,
    animation: false,
    markLine: {
      silent: true,
      animation: false,
      z: 0,
      precision: -1, // as many digits as there are: rounded, lines would miss their ticks
      symbol: 'none',
      label: { show: false },
      lineStyle: { color: theme.grid, width: 1, type: 'solid' as const },
      data: (labelled ?? ticksOf(range, kind, wanted ?? (which === 'x' ? 8 : 6)).labelled).map((value) => ({
        [which === 'x' ? 'xAxis' : 'yAxis']: position(value, kind),
      })),
    },
    z: 0,
  }
}

/** Of a digit in the axes' writing, and between the labels of an axis, its ticks and its name. */
const digitPixels = 6.7
const labelPixels = 14
/** Half of a name's line, with what keeps it from the edge. */
export const namePixels = 16

export const chartGrid = { left: 62, right: 20, top: 16, bottom: 46, outerBoundsMode: 'none' as const }
