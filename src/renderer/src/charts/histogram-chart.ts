// How the numbers of one tensor lie: a histogram with equal bins from its smallest to its largest.
import { writeCsv } from '#shared/csv.ts'
import type { TensorStats } from '#shared/inspection.ts'
import { gridLines } from './axis.ts'
import { drawing, still, type Axes, type Drawing } from './drawing.ts'
import { padded } from './scale.ts'
import type { ChartTheme } from './theme.ts'
import { rounded } from '#shared/numbers.ts'

/** What ECharts hands to a series that draws itself. */
export interface DrawApi {
  value(dimension: number): number
  coord(point: [number, number]): [number, number]
}

/** Null where the tensor has no finite number. */
export function histogramOption(
  { histogram, min, max }: Pick<TensorStats, 'histogram' | 'min' | 'max'>,
  theme: ChartTheme,
  colour: string,
): Drawing | null {
  if (!Number.isFinite(min) || !Number.isFinite(max)) return null
  const [from, to] = max > min ? [min, max] : [min - 0.5, max + 0.5]
  const width = (to - from) / histogram.length
  const axes: Axes = {
    x: { name: 'value', kind: 'linear', range: padded({ from, to }, 'linear', 0.02), wanted: 5 },
    y: {
      name: 'count',
      kind: 'linear',
      range: { from: 0, to: Math.max(1, ...histogram) * 1.06 },
      wanted: 4,
      label: shortCount,
    },
  }
  const bins = {
    ...still,
    id: 'bins',
    type: 'custom',
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
  }
  return drawing(axes, theme, [gridLines('y', axes.y, theme), bins], { top: 8 })
}

const shortCount = (count: number): string =>
  count >= 1e6 ? `${rounded(count / 1e6)} M` : count >= 1e3 ? `${rounded(count / 1e3)} k` : String(count)

/** Every bin, one row each. */
export function histogramCsv({ name, histogram, min, max }: TensorStats): string {
  const width = (max - min) / histogram.length
  return writeCsv(
    ['tensor', 'from', 'to', 'count'],
    histogram.map((count, i) => [name, min + i * width, min + (i + 1) * width, count]),
  )
}
