// What the two charts of a muP check share: named lines with their marks, over axes that both parametrisations have in
// common.
import { gridLines } from './axis.ts'
import { centred, drawing, outlined, still, type Axes, type Drawing } from './drawing.ts'
import { apart } from './label-layout.ts'
import { position } from './scale.ts'
import { memberColour, memberSymbol, type ChartTheme } from './theme.ts'

export interface CheckLine {
  id: string
  /** Written at the line's end. */
  name: string
  colour: string
  symbol: string
  /** `error` is the standard error of y, drawn as a bar. */
  points: { x: number; y: number; isMarked?: boolean; error?: number }[]
}

export interface CheckDrawing extends Drawing {
  lines: CheckLine[]
}

/** Colour and symbol of the line at `place` of `count`, as members have theirs. */
export const seriesStyle = (place: number, count: number, theme: ChartTheme): Pick<CheckLine, 'colour' | 'symbol'> => ({
  colour: memberColour(place, count, theme.isDark),
  symbol: memberSymbol(place),
})

export function drawCheck(lines: CheckLine[], axes: Axes, theme: ChartTheme): CheckDrawing {
  const spot = ({ x, y }: { x: number; y: number }) => [position(x, axes.x.kind), position(y, axes.y.kind)]
  const series = [
    gridLines('y', axes.y, theme),
    ...lines.map((line) => ({
      ...still,
      id: line.id,
      name: line.name,
      type: 'line' as const,
      z: 3,
      data: line.points.map(spot),
      ...centred(line.symbol),
      symbolSize: 5,
      showAllSymbol: true,
      lineStyle: { color: line.colour, width: 1.5 },
      itemStyle: { color: line.colour },
      endLabel: { ...outlined(theme), show: true, formatter: line.name, distance: 11 },
      labelLayout: apart,
    })),
    ...lines
      .filter(({ points }) => points.some(({ error }) => error !== undefined))
      .map((line) => ({
        ...still,
        id: `${line.id} errors`,
        name: line.name,
        type: 'line' as const,
        z: 2,
        data: line.points.flatMap(({ x, y, error = 0 }) => [
          spot({ x, y: y - error }),
          spot({ x, y: y + error }),
          [position(x, axes.x.kind), null],
        ]),
        symbol: 'none',
        lineStyle: { color: line.colour, width: 1.5 },
      })),
    ...lines.map((line) => ({
      ...still,
      id: `${line.id} marked`,
      name: line.name,
      type: 'scatter' as const,
      z: 5,
      data: line.points.filter(({ isMarked }) => isMarked).map(spot),
      ...centred(line.symbol),
      symbolSize: 13,
      itemStyle: { color: line.colour, borderColor: theme.surface, borderWidth: 1, opacity: 1 },
    })),
  ]
  return { ...drawing(axes, theme, series, { right: 60 }), lines }
}

/** Every line's value at the x that lies nearest to the pointer. */
export function readCheck(
  { lines, axes }: CheckDrawing,
  x: number,
): { x: number; values: { line: CheckLine; y: number; isMarked: boolean }[] } | null {
  const at = position(x, axes.x.kind)
  const distance = (value: number) => Math.abs(position(value, axes.x.kind) - at)
  const all = lines.flatMap(({ points }) => points.map((point) => point.x))
  if (all.length === 0) return null
  const near = all.reduce((a, b) => (distance(b) < distance(a) ? b : a))
  return {
    x: near,
    values: lines.flatMap((line) =>
      line.points
        .filter((point) => point.x === near)
        .map(({ y, isMarked }) => ({ line, y, isMarked: isMarked ?? false })),
    ),
  }
}
