// Learning-rate transfer: final loss against peak learning rate, a line for each width, the best rate of each marked.
import { writeCsv } from '#shared/csv.ts'
import { type LossUnit, lossUnitNames, lossUnitWords } from '#shared/loss-unit.ts'
import type { ParametrisationName, TransferPoint } from '#shared/mup/check.ts'
import { meansOf, transferVerdicts } from '#shared/mup/verdict.ts'
import { drawCheck, seriesStyle, type CheckDrawing, type CheckLine } from './check-chart.ts'
import { extent, padded } from './scale.ts'
import type { ChartTheme } from './theme.ts'

export interface TransferPlan {
  points: readonly TransferPoint[]
  parametrisation: ParametrisationName
  /** That the points are in; absent: nats per token. */
  unit?: LossUnit
}

type MeanPoint = ReturnType<typeof meansOf>[number]

/**
 * Null while the parametrisation has no loss yet. Both parametrisations get the same axes; what diverged has no point.
 */
export function transferOption(
  { points, parametrisation, unit = 'nats-per-token' }: TransferPlan,
  theme: ChartTheme,
): CheckDrawing | null {
  const known = meansOf(points).filter((point): point is MeanPoint & { loss: number } => point.loss !== null)
  const mine = known.filter((point) => point.parametrisation === parametrisation)
  if (mine.length === 0) return null
  const best = new Map(
    transferVerdicts(points.filter((one) => one.parametrisation === parametrisation))[0].best.map(
      ({ width, learningRate }) => [width, learningRate],
    ),
  )
  const widths = [...new Set(known.map(({ width }) => width))].sort((a, b) => a - b)
  const lines = widths
    .map((width, i): CheckLine => ({
      id: `width ${width}`,
      name: String(width),
      ...seriesStyle(i, widths.length, theme),
      points: mine
        .filter((point) => point.width === width)
        .sort((a, b) => a.learningRate - b.learningRate)
        .map(({ learningRate, loss, error }) => ({
          x: learningRate,
          y: loss,
          isMarked: best.get(width) === learningRate,
          ...(error === null ? {} : { error }),
        })),
    }))
    .filter((line) => line.points.length > 0)
  // A rate far too high may end anywhere above the start; what is asked is where the valley lies.
  const losses = known.map(({ loss }) => loss)
  const lowest = Math.min(...losses)
  const axes = {
    x: {
      name: 'peak learning rate',
      kind: 'log' as const,
      range: padded(
        extent(
          'log',
          points.map(({ learningRate }) => learningRate),
        )!,
        'log',
        0.05,
      ),
      wanted: 4,
    },
    y: {
      name: `validation ${lossUnitNames[unit]}`,
      kind: 'linear' as const,
      range: padded({ from: lowest, to: Math.min(Math.max(...losses), lowest * 1.8) }, 'linear', 0.08),
      wanted: 5,
    },
  }
  return drawCheck(lines, axes, theme)
}

/** One row for each model; a diverged one has no loss. */
export const transferCsv = (points: readonly TransferPoint[], unit: LossUnit = 'nats-per-token'): string =>
  writeCsv(
    ['parametrisation', 'width', 'learning_rate', 'seed', `validation_loss (${lossUnitWords[unit]})`],
    points.map(({ parametrisation, width, learningRate, seed, loss }) => [
      parametrisation,
      width,
      learningRate,
      seed ?? null,
      loss,
    ]),
  )
