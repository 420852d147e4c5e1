// IsoFLOP profiles: final loss against size, one parabola for each amount of compute, its minimum marked where it may
// be used.
import type { IsoflopFit, IsoflopPoint } from '#shared/scaling/isoflop.ts'
import { formatFlops } from '../format/numbers.ts'
import { axisOption, chartGrid, gridLines } from './axis.ts'
import { lineLook, type CheckDrawing, type CheckLine } from './check-chart.ts'
import { extent, padded, position, union } from './scale.ts'
import type { ChartTheme } from './theme.ts'

/** Null without a profile. Budgets with fewer than three sizes have no parabola and are not drawn. */
export function isoflopOption(
  points: readonly IsoflopPoint[],
  { profiles }: IsoflopFit,
  theme: ChartTheme,
): CheckDrawing | null {
  const drawn = profiles.filter((profile) => Number.isFinite(profile.curvature))
  if (drawn.length === 0) return null
  const looks = drawn.map((profile, i) => {
    const mine = points.filter(({ budget }) => budget === profile.budget).sort((a, b) => a.parameters - b.parameters)
    return { profile, mine, ...lineLook(i, drawn.length, theme), name: formatFlops(profile.budget) }
  })
  const lines = looks.map(({ mine, name, colour, symbol }): CheckLine => ({
    id: name,
    name,
    colour,
    symbol,
    points: mine.map(({ parameters: x, loss: y }) => ({ x, y })),
  }))
  const used = drawn.filter(({ rejection }) => rejection === null)
  const axes = {
    x: {
      name: 'parameters, N',
      kind: 'log' as const,
      range: padded(
        union(
          ...lines.map((line) =>
            extent(
              line.points.map(({ x }) => x),
              'log',
            ),
          ),
        )!,
        'log',
        0.08,
      ),
      wanted: 4,
    },
    y: {
      name: 'loss, nats a token',
      kind: 'linear' as const,
      range: padded(
        union(
          ...lines.map((line) =>
            extent(
              line.points.map(({ y }) => y),
              'linear',
            ),
          ),
          extent(
            used.map(({ loss }) => loss),
            'linear',
          ),
        )!,
        'linear',
        0.12,
      ),
      wanted: 4,
    },
  }
  const spot = (x: number, y: number) => [position(x, 'log'), y]
  const quiet = { animation: false, silent: true, clip: true, emphasis: { disabled: true } }
  const series = looks.flatMap(({ profile, mine, name, colour, symbol }) => {
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
        ...quiet,
        id: `${name} parabola`,
        name,
        type: 'line',
        z: 3,
        data: curve,
        symbol: 'none',
        lineStyle: { color: colour, width: 1.5 },
      },
      {
        ...quiet,
        id: `${name} points`,
        name,
        type: 'scatter',
        z: 4,
        data: mine.map(({ parameters, loss }) => spot(parameters, loss)),
        symbol,
        symbolSize: 8,
        itemStyle: { color: colour, opacity: 1 },
      },
      {
        ...quiet,
        id: `${name} minimum`,
        name,
        type: 'scatter',
        z: 5,
        data: isUsed ? [spot(profile.parameters, profile.loss)] : [],
        symbol: 'circle',
        symbolSize: 8,
        itemStyle: { color: theme.surface, borderColor: colour, borderWidth: 2, opacity: 1 },
        label: {
          show: true,
          position: 'top',
          distance: 8,
          formatter: name,
          color: theme.text,
          fontSize: 11,
          fontFamily: theme.font,
          textBorderColor: theme.surface,
          textBorderWidth: 3,
        },
        labelLayout: { moveOverlap: 'shiftY' },
      },
    ]
  })
  return {
    axes,
    lines,
    option: {
      animation: false,
      backgroundColor: 'transparent',
      textStyle: { fontFamily: theme.font },
      grid: chartGrid,
      xAxis: axisOption('x', axes.x, theme),
      yAxis: axisOption('y', axes.y, theme),
      series: [gridLines('y', axes.y, theme), ...series],
    },
  }
}

/** One row for each training. */
export const isoflopCsv = (points: readonly IsoflopPoint[]): string =>
  [
    'budget_flops,parameters,validation_loss',
    ...points.map(({ budget, parameters, loss }) => [budget, parameters, loss].join(',')),
  ].join('\n') + '\n'
