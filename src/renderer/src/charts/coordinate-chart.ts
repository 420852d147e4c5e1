// The coordinate check: how large activations at one place are, against the width, a line for each of the first steps.
import { writeCsv } from '#shared/csv.ts'
import type { ActivationPlace, CoordinatePoint, ParametrisationName } from '#shared/mup/check.ts'
import { drawCheck, seriesStyle, type CheckDrawing, type CheckLine } from './check-chart.ts'
import { extent, padded } from './scale.ts'
import type { ChartTheme } from './theme.ts'

export interface CoordinatePlan {
  points: readonly CoordinatePoint[]
  parametrisation: ParametrisationName
  place: ActivationPlace
  block: number | null
}

/** Lines at most, so that a long check stays readable. */
const mostLines = 6

/**
 * Null while the parametrisation has no width yet. Both parametrisations get the same axes, so that they can be held
 * against each other.
 */
export function coordinateOption(
  { points, parametrisation, place, block }: CoordinatePlan,
  theme: ChartTheme,
): CheckDrawing | null {
  const here = points.filter((point) => point.place === place && point.block === block && point.rms > 0)
  const mine = here.filter((point) => point.parametrisation === parametrisation)
  const ys = extent(
    'log',
    here.map(({ rms }) => rms),
  )
  const widths = extent(
    'log',
    here.map(({ width }) => width),
  )
  if (mine.length === 0 || !ys || !widths) return null
  const steps = spread(
    [...new Set(here.map(({ step }) => step))].sort((a, b) => a - b),
    mostLines,
  )
  const lines = steps
    .map((step, i): CheckLine => ({
      id: `step ${step}`,
      name: step === 0 ? 'start' : `step ${step}`,
      ...seriesStyle(i, steps.length, theme),
      points: mine
        .filter((point) => point.step === step)
        .sort((a, b) => a.width - b.width)
        .map(({ width, rms }) => ({ x: width, y: rms })),
    }))
    .filter((line) => line.points.length > 0)
  const axes = {
    x: {
      name: 'width',
      kind: 'log' as const,
      range: padded(widths, 'log', 0.08),
      label: String,
      labelled: [...new Set(here.map(({ width }) => width))],
    },
    y: {
      name: 'RMS of the activations',
      kind: 'log' as const,
      range: atLeastTwofold(padded(ys, 'log', 0.08)),
      wanted: 4,
    },
  }
  return drawCheck(lines, axes, theme)
}

/** On an axis that only fits the data, a flat line would look as wild as a steep one. */
function atLeastTwofold({ from, to }: { from: number; to: number }): { from: number; to: number } {
  const missing = Math.max(1, 10 / (to / from)) ** 0.5
  return { from: from / missing, to: to * missing }
}

/** At most `count` of them, the first and the last always. */
const spread = (steps: number[], count: number): number[] =>
  steps.length <= count
    ? steps
    : [...new Set(Array.from({ length: count }, (_, i) => steps[Math.round((i / (count - 1)) * (steps.length - 1))]))]

/** All readings, one row each. */
export const coordinateCsv = (points: readonly CoordinatePoint[]): string =>
  writeCsv(
    ['parametrisation', 'width', 'step', 'place', 'block', 'rms', 'change'],
    points.map((point) => [
      point.parametrisation,
      point.width,
      point.step,
      point.place,
      point.block,
      point.rms,
      point.change,
    ]),
  )
