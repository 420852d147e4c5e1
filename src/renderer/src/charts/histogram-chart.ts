// How the numbers of one tensor lie: a histogram with equal bins from its smallest to its largest.
import type { TensorStats } from '#shared/inspection.ts'
import { axisOption, chartGrid, gridLines, type AxisPlan } from './axis.ts'
import { padded } from './scale.ts'
import type { ChartTheme } from './theme.ts'

export interface HistogramDrawing {
  option: Record<string, unknown> & { grid: { left: number; right: number; top: number; bottom: number } }
  axes: { x: AxisPlan; y: AxisPlan }
}

interface DrawApi {
  value(dimension: number): number
  coord(point: [number, number]): [number, number]
}

/** Null where the tensor has no finite number. */
export function histogramOption(
  { histogram, min, max }: Pick<TensorStats, 'histogram' | 'min' | 'max'>,
  theme: ChartTheme,
  colour: string,
): HistogramDrawing | null {
  if (!Number.isFinite(min) || !Number.isFinite(max)) return null
  const [from, to] = max > min ? [min, max] : [min - 0.5, max + 0.5]
  const width = (to - from) / histogram.length
  const axes: HistogramDrawing['axes'] = {
    x: { name: 'value', kind: 'linear', range: padded({ from, to }, 'linear', 0.02), wanted: 5 },
    y: {
      name: 'numbers',
      kind: 'linear',
      range: { from: 0, to: Math.max(1, ...histogram) * 1.06 },
      wanted: 4,
      label: shortCount,
    },
  }
  return {
    axes,
    option: {
      animation: false,
      backgroundColor: 'transparent',
      textStyle: { fontFamily: theme.font },
      grid: { ...chartGrid, top: 8 },
      xAxis: axisOption('x', axes.x, theme),
      yAxis: axisOption('y', axes.y, theme),
      series: [
        gridLines('y', axes.y, theme),
        {
          id: 'bins',
          type: 'custom',
          animation: false,
          silent: true,
          clip: true,
          z: 3,
          encode: { x: 0, y: 2 },
          data: histogram.map((count, i) => [from + i * width, from + (i + 1) * width, count]),
          renderItem: (_: unknown, api: DrawApi) => {
            const [left, top] = api.coord([api.value(0), api.value(2)])
            const [right, bottom] = api.coord([api.value(1), 0])
            return {
              type: 'rect',
              shape: { x: left, y: top, width: Math.max(1, right - left - 0.5), height: Math.max(0, bottom - top) },
              style: { fill: colour },
            }
          },
        },
      ],
    },
  }
}

const shortCount = (count: number): string =>
  count >= 1e6
    ? `${Number((count / 1e6).toPrecision(3))} M`
    : count >= 1e3
      ? `${Number((count / 1e3).toPrecision(3))} k`
      : String(count)

/** Every bin, one row each. */
export function histogramCsv({ name, histogram, min, max }: TensorStats): string {
  const width = (max - min) / histogram.length
  return (
    [
      'tensor,from,to,count',
      ...histogram.map((count, i) => [name, min + i * width, min + (i + 1) * width, count].join(',')),
    ].join('\n') + '\n'
  )
}
