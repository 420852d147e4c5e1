// Lines that stand on a canvas in the window, and as series of ECharts in a picture to be saved; and the names at their
// ends, which ECharts draws in both.
import { pairsOf } from './curve-points.ts'
import { centred, outlined, still } from './drawing.ts'
import { apart } from './label-layout.ts'
import type { ChartTheme } from './theme.ts'

/** A line on the canvas, and the symbols on it. */
export interface Stroke {
  part: 'raw' | 'mean' | 'validation'
  /** Positions x, y, x, y … */
  points: Float64Array
  colour: string
  width: number
  opacity: number
  isDashed: boolean
  symbol: string | null
}

/** One run on the canvas; drawn anew where its key is another. */
export interface RunStrokes {
  id: string
  key: string
  isLive: boolean
  strokes: Stroke[]
}

/** Lines among which a name can still find a free place. */
const mostAmong = 12

/** What names keep clear of: each run's line, without what was recorded around its mean. */
export const mainCurves = (runs: readonly RunStrokes[]): Float64Array[] =>
  runs.length > mostAmong
    ? []
    : runs.flatMap(({ strokes }) => strokes.filter(({ opacity }) => opacity > 0.5).map(({ points }) => points))

/** A stroke as ECharts draws it. */
export const strokeSeries = ({ id, name }: { id: string; name: string }, stroke: Stroke, theme: ChartTheme) => ({
  ...still,
  type: 'line' as const,
  id: `${id} ${stroke.part}`,
  name,
  z: { raw: 2, mean: 3, validation: 4 }[stroke.part],
  data: pairsOf(stroke.points),
  ...centred(stroke.symbol ?? 'none'),
  symbolSize: 7,
  showAllSymbol: true,
  itemStyle: { color: stroke.colour, borderColor: theme.surface, borderWidth: 1 },
  lineStyle: {
    color: stroke.colour,
    width: stroke.width,
    opacity: stroke.opacity,
    type: stroke.isDashed ? ('dashed' as const) : ('solid' as const),
    join: 'round' as const,
  },
})

/** A name at the end of a line, in the line's colour. */
export const nameAtEnd = (
  line: { id: string; name: string; colour: string; at: [number, number] },
  theme: ChartTheme,
) => ({
  ...still,
  type: 'line' as const,
  id: `${line.id} name`,
  name: line.name,
  data: [line.at],
  symbol: 'none',
  lineStyle: { width: 0 },
  endLabel: { ...outlined(theme), color: line.colour, show: true, formatter: line.name, distance: 6 },
  labelLayout: apart,
})
