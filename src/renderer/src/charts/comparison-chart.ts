// Two laws in one chart, and below it what they are worth against each other: the multiplier with its band, on the same
// axis.
import type { CustomSeriesRenderItemAPI } from 'echarts'
import { writeCsv } from '#shared/csv.ts'
import { withDecimals } from '#shared/numbers.ts'
import { lossAt } from '#shared/scaling/multiplier/compared-law.ts'
import {
  farthest,
  lawBand,
  multiplierAt,
  type Multiplier,
  type MultiplierPoint,
  spaced,
} from '#shared/scaling/multiplier/multiplier.ts'
import type { Pair } from '#shared/scaling/multiplier/pair-fit.ts'
import { gridLines } from './axis.ts'
import { drawing, outlined, pointStyle, still, type Axes, type Drawing } from './drawing.ts'
import { apart } from './label-layout.ts'
import { hueAt } from './hues.ts'
import { extent, padded, position, type Range } from './scale.ts'
import type { ChartTheme } from './theme.ts'

export interface ComparisonPlan {
  multiplier: Multiplier
  names: Pair<string>
  /** What x is, with its unit. */
  xName: string
  /** What the loss is counted in. */
  yName: string
}

const sides = ['a', 'b'] as const
const symbols: Pair<string> = { a: 'circle', b: 'rect' }
/** So that both charts have the same plot, and a place of one lies above that of the other. */
const grid = { left: 64, right: 24 }

const sideColour = (side: 'a' | 'b', theme: ChartTheme): string => hueAt(side === 'a' ? 0 : 1, theme.isDark)

/** From the smallest training to as far as a law is trusted. */
function xRange({ points, range }: Multiplier): Range {
  const xs = [...points.a, ...points.b].map(({ x }) => x)
  return { from: Math.min(...xs), to: range ? Math.max(farthest * range.to, ...xs) : Math.max(...xs) }
}

/** Both laws with their bands: solid where they were measured, dashed beyond. */
export function comparedLawsOption({ multiplier, names, xName, yName }: ComparisonPlan, theme: ChartTheme): Drawing {
  const { from, to } = xRange(multiplier)
  const { points, laws } = multiplier
  const lowest = Math.min(...sides.map((side) => lossAt(laws[side], to)))
  const ys = extent('log', [lowest, ...points.a.map(({ y }) => y), ...points.b.map(({ y }) => y)])!
  const axes: Axes = {
    x: { name: xName, kind: 'log', range: padded({ from, to }, 'log', 0.03) },
    y: { name: yName, kind: 'log', range: padded(ys, 'log', 0.06), wanted: 5 },
  }
  const spot = (x: number, y: number): [number, number] => [position(x, 'log'), position(y, 'log')]
  const series = sides.flatMap((side) => {
    const colour = sideColour(side, theme)
    const measured = points[side].map(({ x }) => x)
    const end = Math.max(...measured)
    const along = (start: number, stop: number) => spaced(start, stop, 61).map((x) => spot(x, lossAt(laws[side], x)))
    const line = { ...still, type: 'line', symbol: 'none', z: 4 }
    const style = { color: colour, width: 1.75 }
    return [
      band(
        `${side} band`,
        lawBand(multiplier, side, spaced(from, to, 61)).map(({ x, low, high }) => ({ x, low, high })),
        spot,
        colour,
      ),
      { ...line, id: `${side} law`, name: names[side], data: along(Math.min(...measured), end), lineStyle: style },
      {
        ...line,
        id: `${side} beyond`,
        name: names[side],
        data: to > end ? along(end, to) : [],
        lineStyle: { ...style, type: 'dashed' },
        endLabel: {
          ...outlined(theme),
          show: true,
          color: colour,
          formatter: names[side],
          align: 'right',
          offset: [-4, side === 'a' ? -10 : 10],
        },
        labelLayout: apart,
      },
      {
        ...still,
        ...pointStyle(symbols[side], colour, false, theme),
        symbolSize: 8,
        id: `${side} points`,
        name: names[side],
        type: 'scatter',
        z: 6,
        data: points[side].map(({ x, y }) => spot(x, y)),
      },
    ]
  })
  return drawing(axes, theme, [gridLines('y', axes.y, theme), gridLines('x', axes.x, theme), ...series], grid)
}

/** m against what is spent: below the line at 1, B is better. The band ends where it has no bound. */
export function multiplierOption({ multiplier, names, xName }: ComparisonPlan, theme: ChartTheme): Drawing {
  const { from, to } = xRange(multiplier)
  const at = multiplierAt(multiplier, spaced(from, to, 91))
  const range = shownMultipliers(at, multiplier.range?.to ?? to)
  const axes: Axes = {
    x: { name: xName, kind: 'log', range: padded({ from, to }, 'log', 0.03) },
    y: {
      name: `${names.b} / ${names.a}`,
      kind: 'log',
      range,
      wanted: 5,
      label: (value) => `${Number(value.toPrecision(3))}×`,
    },
  }
  const spot = (x: number, y: number): [number, number] => [position(x, 'log'), position(y, 'log')]
  const clamp = (value: number | null, open: number) => Math.min(range.to * 4, Math.max(range.from / 4, value ?? open))
  const colour = sideColour('b', theme)
  const line = { ...still, type: 'line', symbol: 'none', z: 4 }
  const measured = multiplier.range
  const inside = at.filter(({ x, value }) => value !== null && measured && x >= measured.from && x <= measured.to)
  const data = (points: MultiplierPoint[]) => points.map(({ x, value }) => spot(x, value!))
  return drawing(
    axes,
    theme,
    [
      gridLines('y', axes.y, theme),
      gridLines('x', axes.x, theme),
      ...(multiplier.drawn.length
        ? [
            band(
              'multiplier band',
              at.map(({ x, low, high }) => ({ x, low: clamp(low, 0), high: clamp(high, Infinity) })),
              spot,
              colour,
            ),
          ]
        : []),
      {
        ...line,
        id: 'even',
        data: [spot(from / 10, 1), spot(to * 10, 1)],
        lineStyle: { color: theme.neutral, width: 1, type: 'dashed' },
      },
      {
        ...line,
        id: 'multiplier beyond',
        data: data(at.filter(({ value }) => value !== null)),
        lineStyle: { color: colour, width: 1.75, type: 'dashed' },
      },
      { ...line, id: 'multiplier', z: 5, data: data(inside), lineStyle: { color: colour, width: 2.25 } },
    ],
    grid,
  )
}

/** What was measured with its band, and 1; an interval that grows beyond it leaves the chart. */
function shownMultipliers(at: readonly MultiplierPoint[], measuredTo: number): Range {
  const shown = at.filter(({ x }) => x <= measuredTo).flatMap(({ value, low, high }) => [value, low, high])
  const known = shown.filter((one): one is number => one !== null && one > 0.02 && one < 50)
  return padded(extent('log', [...known, 0.8, 1.25])!, 'log', 0.1)
}

function band(
  id: string,
  edge: readonly { x: number; low: number; high: number }[],
  spot: (x: number, y: number) => [number, number],
  colour: string,
) {
  const outline = [
    ...edge.map(({ x, high }) => spot(x, high)),
    ...[...edge].reverse().map(({ x, low }) => spot(x, low)),
  ]
  return {
    ...still,
    id,
    type: 'custom',
    data: [[0, 0]],
    z: 1,
    renderItem: (_: unknown, api: CustomSeriesRenderItemAPI) => ({
      type: 'polygon' as const,
      shape: { points: outline.map((point) => api.coord(point)) },
      style: { fill: colour, opacity: 0.14 },
      silent: true,
    }),
  }
}

/** What is said at a place: both laws, and the multiplier. */
export function readComparison({ multiplier }: ComparisonPlan, x: number) {
  const [point] = multiplierAt(multiplier, [x])
  return { x, losses: { a: lossAt(multiplier.laws.a, x), b: lossAt(multiplier.laws.b, x) }, point }
}

/** 0.83× (0.78 to 0.89); an end without a bound is named so. */
export function multiplierText({ value, low, high }: MultiplierPoint): string {
  if (value === null) return 'without bound'
  const times = `${withDecimals(value, 2)}×`
  if (low === null && high === null) return times
  return `${times} (${low === null ? '0' : withDecimals(low, 2)} to ${high === null ? 'no bound' : withDecimals(high, 2)})`
}

export const comparedLawsCsv = ({ multiplier, names, xName, yName }: ComparisonPlan): string =>
  writeCsv(
    ['study', xName, yName],
    sides.flatMap((side) => multiplier.points[side].map(({ x, y }) => [names[side], x, y])),
  )

export const multiplierCsv = ({ multiplier, xName }: ComparisonPlan): string => {
  const { from, to } = xRange(multiplier)
  return writeCsv(
    [xName, 'multiplier', 'low', 'high'],
    multiplierAt(multiplier, spaced(from, to, 61)).map(({ x, value, low, high }) => [x, value, low, high]),
  )
}
