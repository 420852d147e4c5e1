// Loss against a swept field, a line for each size with its parabola and optimum; and the optimum against size.
import { writeCsv } from '#shared/csv.ts'
import { type LossUnit, lossUnitNames, lossUnitWords } from '#shared/loss-unit.ts'
import { formatCount, rounded } from '#shared/numbers.ts'
import { parabolaAt } from '#shared/scaling/valley.ts'
import type { OptimumShift, SweepCurve } from '#shared/sweep/curves.ts'
import { settled } from '#shared/sweep/curves.ts'
import { drawCheck, type CheckDrawing, type CheckLine } from './check-chart.ts'
import { still } from './drawing.ts'
import { extent, padded, position } from './scale.ts'
import type { ChartTheme } from './theme.ts'

export interface SweepStyle {
  colour: string
  symbol: string
}

/** Losses far above the best say only that a value was far off; the axis ends here, as a multiple of the lowest. */
const highest = 1.5

/** null where no size has a loss yet. Words stand side by side in the order in which they were tried. */
export function sweepOption(
  curves: readonly SweepCurve[],
  title: string,
  styleOf: (id: string) => SweepStyle,
  theme: ChartTheme,
  unit: LossUnit = 'nats-per-token',
): CheckDrawing | null {
  const words = wordsIn(curves)
  const at = (x: number | string): number => (words ? words.indexOf(String(x)) : Number(x))
  const isLinear = words !== null || curves.some((curve) => curve.isLinear)
  const lines = curves.map((curve): CheckLine => ({
    id: curve.id,
    name: curve.name,
    ...styleOf(curve.id),
    points: curve.points.flatMap(({ x, loss, error }) =>
      loss === null
        ? []
        : [{ x: at(x), y: loss, isMarked: curve.valley?.x === x, ...(error === null ? {} : { error }) }],
    ),
  }))
  const places = lines.flatMap(({ points }) => points)
  if (places.length === 0) return null
  const kind = isLinear ? 'linear' : 'log'
  const xs = extent(
    kind,
    curves.flatMap(({ points }) => points.map(({ x }) => at(x))),
  )!
  const losses = places.map(({ y }) => y)
  const lowest = Math.min(...losses)
  const axes = {
    x: {
      name: title,
      kind: kind as 'linear' | 'log',
      range: words ? { from: -0.5, to: words.length - 0.5 } : padded(xs, kind, 0.06),
      wanted: 6,
      ...(words ? { labelled: words.map((_, i) => i), label: (i: number) => words[i] ?? '' } : {}),
    },
    y: {
      name: `validation ${lossUnitNames[unit]}`,
      kind: 'linear' as const,
      range: padded({ from: lowest, to: Math.min(Math.max(...losses), lowest * highest) }, 'linear', 0.08),
      wanted: 5,
    },
  }
  const drawing = drawCheck(lines, axes, theme)
  drawing.option.series.push(...curves.flatMap((curve) => valleySeries(curve, styleOf(curve.id), axes.x.kind, theme)))
  return drawing
}

/** The parabola through the best value and its neighbours, and its lowest point with the interval of where that is. */
function valleySeries(
  { id, name, valley, interval, isLinear }: SweepCurve,
  { colour }: SweepStyle,
  kind: 'linear' | 'log',
  theme: ChartTheme,
): object[] {
  if (!valley?.parabola) return []
  const { from, to } = valley.parabola
  const between = (share: number) => (isLinear ? from + share * (to - from) : from * (to / from) ** share)
  const curve = Array.from({ length: 41 }, (_, i) => between(i / 40))
  const line = (key: string, data: number[][], lineStyle: object) => ({
    ...still,
    id: `${id} ${key}`,
    name,
    type: 'line' as const,
    z: 4,
    symbol: 'none',
    data,
    lineStyle: { color: colour, ...lineStyle },
  })
  return [
    line(
      'parabola',
      curve.map((x) => [position(x, kind), parabolaAt(valley, x, isLinear)!]),
      { width: 1.5, type: 'dashed' },
    ),
    ...(interval
      ? [
          line(
            'interval',
            [interval.low, interval.high].map((x) => [position(x, kind), valley.least]),
            { width: 5, opacity: 0.35 },
          ),
        ]
      : []),
    {
      ...still,
      id: `${id} optimum`,
      name,
      type: 'scatter' as const,
      z: 6,
      data: [[position(valley.between, kind), valley.least]],
      symbol: 'circle',
      symbolSize: 8,
      itemStyle: { color: theme.surface, borderColor: colour, borderWidth: 2, opacity: 1 },
    },
  ]
}

/** Optimum against size, with the line through those that are known; null with fewer than two. */
export function optimumShiftOption(
  curves: readonly SweepCurve[],
  shift: OptimumShift | null,
  styleOf: (id: string) => SweepStyle,
  theme: ChartTheme,
): CheckDrawing | null {
  const known = settled(curves)
  if (!shift || known.length < 2) return null
  const lines = known.map((curve): CheckLine => ({
    id: curve.id,
    name: curve.name,
    ...styleOf(curve.id),
    points: [{ x: curve.parameters, y: curve.valley.between, isMarked: true }],
  }))
  const sizes = known.map(({ parameters }) => parameters)
  const values = known.flatMap(({ valley, interval }) => [
    valley.between,
    ...(interval ? [interval.low, interval.high] : []),
  ])
  const axes = {
    x: { name: 'parameters, N', kind: 'log' as const, range: padded(extent('log', sizes)!, 'log', 0.12), wanted: 3 },
    y: { name: 'optimum', kind: 'log' as const, range: padded(extent('log', values)!, 'log', 0.2), wanted: 3 },
  }
  const on = (n: number) => Math.exp(shift.intercept + shift.exponent * Math.log(n))
  const drawing = drawCheck(lines, axes, theme)
  const stroke = (id: string, data: number[][], color: string, style: object) => ({
    ...still,
    id,
    type: 'line' as const,
    z: 1,
    symbol: 'none',
    data,
    lineStyle: { color, ...style },
  })
  drawing.option.series.push(
    stroke(
      'shift',
      [Math.min(...sizes), Math.max(...sizes)].map((n) => [position(n, 'log'), position(on(n), 'log')]),
      theme.text,
      { width: 1.5, type: 'dashed' },
    ),
    ...known.flatMap(({ id, parameters, interval }) =>
      interval
        ? [
            stroke(
              `${id} interval`,
              [interval.low, interval.high].map((y) => [position(parameters, 'log'), position(y, 'log')]),
              styleOf(id).colour,
              { width: 2, opacity: 0.6 },
            ),
          ]
        : [],
    ),
  )
  return drawing
}

/** The values where they are no numbers. */
export function wordsIn(curves: readonly SweepCurve[]): string[] | null {
  const all = curves.flatMap(({ points }) => points.map(({ x }) => x))
  return all.some((x) => typeof x === 'string') ? [...new Set(all.map(String))] : null
}

/** As a reading says it: three digits, or the word. */
export const valueText = (curves: readonly SweepCurve[], x: number): string =>
  wordsIn(curves)?.[x] ?? (x >= 1e4 ? formatCount(x) : String(rounded(x)))

/** One row for each training. */
export const sweepCsv = (curves: readonly SweepCurve[], field: string, unit: LossUnit = 'nats-per-token'): string =>
  writeCsv(
    ['size', 'parameters', field, 'seed', `validation_loss (${lossUnitWords[unit]})`],
    curves.flatMap(({ name, parameters, points }) =>
      points.flatMap(({ x, losses }) => losses.map(({ seed, loss }) => [name, parameters, x, seed, loss])),
    ),
  )
