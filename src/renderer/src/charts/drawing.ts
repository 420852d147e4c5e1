// What every chart has in common: its frame, how its series and names look, and where a value lies in pixels.
import { axisOption, chartGrid, namePixels, type AxisPlan } from './axis.ts'
import { position } from './scale.ts'
import type { ChartTheme } from './theme.ts'

export interface Axes {
  x: AxisPlan
  y: AxisPlan
}

type Grid = { left: number; right: number; top: number; bottom: number }

export interface Drawing {
  /** An ECharts option. */
  option: Record<string, unknown> & { grid: Grid; series: object[] }
  axes: Axes
}

/** Series over these axes, drawn at once and in the window's font. */
export function drawing(axes: Axes, theme: ChartTheme, series: object[], grid: Partial<Grid> = {}): Drawing {
  const yAxis = axisOption('y', axes.y, theme)
  return {
    axes,
    option: {
      animation: false,
      backgroundColor: 'transparent',
      textStyle: { fontFamily: theme.font },
      grid: { ...chartGrid, ...grid, left: Math.max(grid.left ?? chartGrid.left, yAxis.nameGap + namePixels) },
      xAxis: axisOption('x', axes.x, theme),
      yAxis,
      series,
    },
  }
}

/** A series that ECharts only draws: what the pointer does is the chart component's. */
export const still = { animation: false, silent: true, emphasis: { disabled: true }, clip: true }

/** Small writing over data, told from it by an outline in the colour of the surface. */
export const outlined = (theme: ChartTheme) => ({
  color: theme.text,
  fontSize: 11,
  fontFamily: theme.font,
  textBorderColor: theme.surface,
  textBorderWidth: 3,
})

/** Sizes at which the symbols look alike: of a square's width, a diamond or a pin fills only a part. */
const symbolSizes: Record<string, number> = {
  circle: 11,
  rect: 10,
  triangle: 12,
  diamond: 13,
  pin: 17,
  roundRect: 10,
  arrow: 13,
}

/** From the tips that ECharts puts on the value to the middles of their symbols. */
const tipOffsets: Partial<Record<string, string>> = { pin: '43%', arrow: '-50%' }

/** A member's symbol with its middle on the value. */
export const centred = (symbol: string) => ({ symbol, symbolOffset: [0, tipOffsets[symbol] ?? 0] })

/** A point with a member's symbol: solid where it is measured, hollow where it is not, or not yet at its end. */
export const pointStyle = (symbol: string, colour: string, isHollow: boolean, theme: ChartTheme) => ({
  ...centred(symbol),
  symbolSize: symbolSizes[symbol] ?? 11,
  itemStyle: {
    color: isHollow ? theme.surface : colour,
    borderColor: isHollow ? colour : theme.surface,
    borderWidth: isHollow ? 2 : 1,
    opacity: 1,
  },
})

/** The item whose point lies nearest to a place, within so many pixels; null where none does. */
export function nearestPoint<T>(
  items: Iterable<{ item: T; x: number; y: number }>,
  axes: Axes,
  at: { x: number; y: number },
  plot: { width: number; height: number },
  within: number,
): T | null {
  const along = ({ range, kind }: AxisPlan, value: number, pixels: number) => {
    const [from, to] = [position(range.from, kind), position(range.to, kind)]
    return ((position(value, kind) - from) / (to - from)) * pixels
  }
  let found: T | null = null
  let best = within
  for (const { item, x, y } of items) {
    const distance = Math.hypot(
      along(axes.x, x, plot.width) - along(axes.x, at.x, plot.width),
      along(axes.y, y, plot.height) - along(axes.y, at.y, plot.height),
    )
    if (distance < best) [best, found] = [distance, item]
  }
  return found
}
