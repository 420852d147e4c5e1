// IsoFLOP profiles: final loss against size, one parabola for each amount of compute, its minimum marked where it may
// be used, with the interval of its size.
import type { Interval } from '#shared/scaling/bootstrap.ts'
import type { IsoflopFit, IsoflopPoint } from '#shared/scaling/isoflop.ts'
import { writeCsv } from '#shared/csv.ts'
import { type LossUnit, lossUnitNames, lossUnitWords } from '#shared/loss-unit.ts'
import { formatFlops } from '#shared/numbers.ts'
import { gridLines } from './axis.ts'
import { seriesStyle, type CheckDrawing, type CheckLine } from './check-chart.ts'
import { centred, drawing, still } from './drawing.ts'
import { extent, padded, position } from './scale.ts'
import { nameAtEnd } from './stroke-series.ts'
import type { ChartTheme } from './theme.ts'

/** Null without a profile. Budgets with fewer than three sizes have no parabola and are not drawn. */
export function isoflopOption(
  points: readonly IsoflopPoint[],
  { profiles }: IsoflopFit,
  theme: ChartTheme,
  minima: ReadonlyMap<number, Interval> = new Map(),
  unit: LossUnit = 'nats-per-token',
): CheckDrawing | null {
  const drawn = profiles.filter((profile) => Number.isFinite(profile.curvature))
  if (drawn.length === 0) return null
  const styled = drawn.map((profile, i) => {
    const mine = points.filter(({ budget }) => budget === profile.budget).sort((a, b) => a.parameters - b.parameters)
    return { profile, mine, ...seriesStyle(i, drawn.length, theme), name: formatFlops(profile.budget) }
  })
  const lines = styled.map(({ mine, name, colour, symbol }): CheckLine => ({
    id: name,
    name,
    colour,
    symbol,
    points: mine.map(({ parameters: x, loss: y }) => ({ x, y })),
  }))
  const used = drawn.filter(({ rejection }) => rejection === null)
  const places = lines.flatMap((line) => line.points)
  const sizes = extent(
    'log',
    places.map(({ x }) => x),
  )!
  const losses = extent('linear', [...places.map(({ y }) => y), ...used.map(({ loss }) => loss)])!
  const axes = {
    x: { name: 'parameters, N', kind: 'log' as const, range: padded(sizes, 'log', 0.08), wanted: 4 },
    y: { name: lossUnitNames[unit], kind: 'linear' as const, range: padded(losses, 'linear', 0.12), wanted: 4 },
  }
  const spot = (x: number, y: number): [number, number] => [position(x, 'log'), y]
  const series = styled.flatMap(({ profile, mine, name, colour, symbol }) => {
    const isUsed = profile.rejection === null
    const [from, to] = [mine[0].parameters, mine[mine.length - 1].parameters].map(Math.log)
    const curve = isUsed
      ? Array.from({ length: 41 }, (_, i) => {
          const x = Math.exp(from + (i / 40) * (to - from))
          return spot(x, profile.loss + profile.curvature * Math.log10(x / profile.parameters) ** 2)
        })
      : []
    return [
      {
        ...still,
        id: `${name} parabola`,
        name,
        type: 'line',
        z: 3,
        data: curve,
        symbol: 'none',
        lineStyle: { color: colour, width: 1.5 },
      },
      {
        ...still,
        id: `${name} points`,
        name,
        type: 'scatter',
        z: 4,
        data: mine.map(({ parameters, loss }) => spot(parameters, loss)),
        ...centred(symbol),
        symbolSize: 8,
        itemStyle: { color: colour, opacity: 1 },
      },
      {
        ...still,
        id: `${name} minimum`,
        name,
        type: 'scatter',
        z: 5,
        data: isUsed ? [spot(profile.parameters, profile.loss)] : [],
        symbol: 'circle',
        symbolSize: 8,
        itemStyle: { color: theme.surface, borderColor: colour, borderWidth: 2, opacity: 1 },
      },
      ...(isUsed && minima.has(profile.budget)
        ? [
            {
              ...still,
              id: `${name} interval`,
              name,
              type: 'line',
              z: 4,
              symbol: 'none',
              lineStyle: { color: colour, width: 5, opacity: 0.35 },
              data: [minima.get(profile.budget)!.low, minima.get(profile.budget)!.high].map((x) =>
                spot(x, profile.loss),
              ),
            },
          ]
        : []),
      nameAtEnd(
        { id: name, name, colour, at: spot(mine[mine.length - 1].parameters, mine[mine.length - 1].loss) },
        theme,
      ),
    ]
  })
  return { ...drawing(axes, theme, [gridLines('y', axes.y, theme), ...series], { right: 92 }), lines }
}

/** One row for each training. */
export const isoflopCsv = (points: readonly IsoflopPoint[], unit: LossUnit = 'nats-per-token'): string =>
  writeCsv(
    ['budget_flops', 'parameters', `validation_loss (${lossUnitWords[unit]})`],
    points.map(({ budget, parameters, loss }) => [budget, parameters, loss]),
  )
