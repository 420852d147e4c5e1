// Curves of the cost model: speed against systems, efficiency against devices, activation memory against depth.
import { writeCsv } from '#shared/csv.ts'
import { formatBytes, formatCount, formatShare, rounded } from '#shared/numbers.ts'
import { drawCheck, type CheckDrawing, type CheckLine } from './check-chart.ts'
import { extent, padded } from './scale.ts'
import type { ChartTheme } from './theme.ts'

export interface NamedCurve {
  id: string
  name: string
  colour: string
  symbol: string
  /** A marked point stands out: a published one, or one that fits into memory. */
  points: { x: number; y: number; isMarked?: boolean }[]
}

const lines = (curves: readonly NamedCurve[]): CheckLine[] =>
  curves.filter(({ points }) => points.length > 0).map((curve) => ({ ...curve }))
const spread = (all: readonly CheckLine[], which: 'x' | 'y', kind: 'log' | 'linear') =>
  extent(
    kind,
    all.flatMap((line) => line.points.map((point) => point[which])),
  )!

/** Room for long numbers on the left and for the curves' names on the right. */
const roomy = (drawing: CheckDrawing, right: number): CheckDrawing => ({
  ...drawing,
  option: { ...drawing.option, grid: { ...drawing.option.grid, left: 74, right } },
})

/** Null without a point. */
export function speedupOption(curves: readonly NamedCurve[], theme: ChartTheme): CheckDrawing | null {
  const all = lines(curves)
  if (all.length === 0) return null
  const label = (value: number) => String(rounded(value))
  const axis = {
    kind: 'log' as const,
    range: padded(spread(all, 'x', 'log'), 'log', 0.04),
    labelled: [1, 2, 4, 8, 16],
    label,
  }
  return roomy(
    drawCheck(
      all,
      {
        x: { ...axis, name: 'systems' },
        y: { ...axis, name: 'times the speed of one', range: padded(spread(all, 'y', 'log'), 'log', 0.06) },
      },
      theme,
    ),
    84,
  )
}

export function efficiencyOption(curves: readonly NamedCurve[], theme: ChartTheme): CheckDrawing | null {
  const all = lines(curves)
  if (all.length === 0) return null
  const devices = [...new Set(all.flatMap(({ points }) => points.map(({ x }) => x)))].sort((a, b) => a - b)
  return roomy(
    drawCheck(
      all,
      {
        x: {
          name: 'devices',
          kind: 'log',
          range: padded(spread(all, 'x', 'log'), 'log', 0.04),
          labelled: devices.filter((_, i) => i % 2 === 0),
          label: formatCount,
        },
        y: {
          name: 'of the speed of one alone',
          kind: 'linear',
          range: { from: 0, to: 1.05 },
          label: formatShare,
          wanted: 5,
        },
      },
      theme,
    ),
    70,
  )
}

export function activationOption(curves: readonly NamedCurve[], theme: ChartTheme): CheckDrawing | null {
  const all = lines(curves)
  if (all.length === 0) return null
  const depths = [...new Set(all.flatMap(({ points }) => points.map(({ x }) => x)))].sort((a, b) => a - b)
  return roomy(
    drawCheck(
      all,
      {
        x: {
          name: 'pipeline stages',
          kind: 'log',
          range: padded(spread(all, 'x', 'log'), 'log', 0.04),
          labelled: depths,
          label: formatCount,
        },
        y: {
          name: 'activations, all stages',
          kind: 'log',
          range: padded(spread(all, 'y', 'log'), 'log', 0.06),
          label: formatBytes,
        },
      },
      theme,
    ),
    128,
  )
}

/** One row per point. */
export const namedCurvesCsv = (x: string, y: string, curves: readonly NamedCurve[]): string =>
  writeCsv(
    ['curve', x, y],
    curves.flatMap(({ name, points }) => points.map((point) => [name, point.x, point.y])),
  )
