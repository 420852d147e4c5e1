// The best size and the best number of tokens against compute: the minima of the IsoFLOP profiles with their intervals,
// the lines through them, and what others have published.
import type { Interval } from '#shared/scaling/bootstrap.ts'
import type { IsoflopFit } from '#shared/scaling/isoflop.ts'
import type { LineFit } from '#shared/scaling/power-law.ts'
import { writeCsv } from '#shared/csv.ts'
import { gridLines } from './axis.ts'
import { drawing, nearestPoint, outlined, pointStyle, still, type Axes, type Drawing } from './drawing.ts'
import { apart, roomBeside } from './label-layout.ts'
import { hueAt } from './hues.ts'
import { extent, padded, position } from './scale.ts'
import type { ChartTheme } from './theme.ts'

export interface Optimum {
  what: 'N' | 'D'
  budget: number
  value: number
  interval: Interval | null
}

/** Someone else's N*(C) or D*(C), as a line. */
export interface PublishedOptimum {
  name: string
  what: 'N' | 'D'
  at: (flops: number) => number
}

export interface OptimumDrawing extends Drawing {
  optima: Optimum[]
}

/** Minima that may be used, each as a size and as tokens. */
export function optimaOf(
  { profiles }: IsoflopFit,
  intervals: ReadonlyMap<number, { parameters: Interval; tokens: Interval }>,
): Optimum[] {
  return profiles
    .filter(({ rejection }) => rejection === null)
    .flatMap(({ budget, parameters, tokens }): Optimum[] => {
      const found = intervals.get(budget)
      return [
        { what: 'N', budget, value: parameters, interval: found?.parameters ?? null },
        { what: 'D', budget, value: tokens, interval: found?.tokens ?? null },
      ]
    })
}

/** How far the lines go on beyond the minima, in powers of ten of compute. */
const reach = 1
const kinds = [
  { what: 'N' as const, name: 'parameters N*', symbol: 'circle', hue: 0 },
  { what: 'D' as const, name: 'tokens D*', symbol: 'rect', hue: 1 },
]

/** Null without a minimum. */
export function optimumOption(
  optima: Optimum[],
  lines: Record<'N' | 'D', LineFit | null>,
  published: readonly PublishedOptimum[],
  convention: string,
  theme: ChartTheme,
): OptimumDrawing | null {
  const budgets = extent(
    'log',
    optima.map(({ budget }) => budget),
  )
  if (!budgets) return null
  const [first, last] = [Math.log10(budgets.from), Math.log10(budgets.to)]
  const ends = [first - reach / 4, last + reach]
  const lineAt = (line: LineFit, x: number) => 10 ** (line.intercept + line.slope * x)
  const values = [
    ...optima.flatMap(({ value, interval }) => [value, ...(interval ? [interval.low, interval.high] : [])]),
    ...published.flatMap(({ at }) => ends.map((x) => at(10 ** x))),
    ...kinds.flatMap(({ what }) => ends.flatMap((x) => (lines[what] ? [lineAt(lines[what], x)] : []))),
  ]
  const axes: Axes = {
    x: { name: `compute C, FLOPs (${convention})`, kind: 'log', range: { from: 10 ** ends[0], to: 10 ** ends[1] } },
    y: { name: 'N* (parameters) and D* (tokens)', kind: 'log', range: padded(extent('log', values)!, 'log', 0.06) },
  }
  const spot = (x: number, y: number) => [position(x, 'log'), position(y, 'log')]
  const line = (id: string, from: number, to: number, at: (x: number) => number, style: object, more: object = {}) => ({
    ...still,
    id,
    type: 'line',
    symbol: 'none',
    z: 3,
    data: [spot(10 ** from, at(from)), spot(10 ** to, at(to))],
    lineStyle: style,
    ...more,
  })
  const named = (name: string, colour: string) => ({
    endLabel: { ...outlined(theme), show: true, formatter: name, color: colour, distance: 6 },
    labelLayout: apart,
  })
  const series = [
    gridLines('y', axes.y, theme),
    gridLines('x', axes.x, theme),
    ...kinds.flatMap(({ what, name, symbol, hue }) => {
      const colour = hueAt(hue, theme.isDark)
      const fit = lines[what]
      const at = (x: number) => lineAt(fit!, x)
      return [
        ...(fit
          ? [
              line(`${what} line`, first, last, at, { color: colour, width: 2 }),
              line(
                `${what} beyond`,
                last,
                ends[1],
                at,
                { color: colour, width: 1.5, type: 'dashed' },
                named(name, colour),
              ),
            ]
          : []),
        ...optima
          .filter((one) => one.what === what)
          .flatMap(({ budget, value, interval }) => [
            ...(interval
              ? [
                  {
                    ...line(`${what} ${budget} interval`, 0, 0, () => 1, { color: colour, width: 1.5, opacity: 0.6 }),
                    data: [spot(budget, interval.low), spot(budget, interval.high)],
                  },
                ]
              : []),
            {
              ...still,
              ...pointStyle(symbol, colour, false, theme),
              id: `${what} ${budget}`,
              type: 'scatter',
              z: 5,
              data: [spot(budget, value)],
            },
          ]),
      ]
    }),
    ...published.map(({ name, what, at }, i) =>
      line(
        `published ${i}`,
        ends[0],
        ends[1],
        (x) => at(10 ** x),
        { color: theme.neutral, width: 1.25, type: what === 'N' ? 'dashed' : [2, 3] },
        named(`${name}, ${what}*`, theme.faint),
      ),
    ),
  ]
  const right = roomBeside(['parameters N*', ...published.map(({ name }) => `${name}, N*`)])
  return { ...drawing(axes, theme, series, { right }), optima }
}

/** The minimum under the pointer. */
export const readOptimum = (
  { optima, axes }: OptimumDrawing,
  at: { x: number; y: number },
  plot: { width: number; height: number },
): Optimum | null =>
  nearestPoint(
    optima.map((item) => ({ item, x: item.budget, y: item.value })),
    axes,
    at,
    plot,
    24,
  )

/** One row for each budget and quantity. */
export const optimumCsv = (optima: readonly Optimum[]): string =>
  writeCsv(
    ['budget_flops', 'quantity', 'optimum', 'low', 'high'],
    optima.map(({ budget, what, value, interval }) => [budget, what, value, interval?.low, interval?.high]),
  )
