// What larger models of the family would score on the task of the chart, in two steps, and how well that predicts the
// largest.
import type { Evaluation } from '#shared/evaluation/evaluation.ts'
import { scoreBounds, taskPoints } from '#shared/evaluation/task-points.ts'
import type { RunSummary } from '#shared/run.ts'
import { fitTwoStep, holdOutScore, type HeldOutScore } from '#shared/scaling/downstream/two-step.ts'
import { formatFlops } from '#shared/numbers.ts'
import type { AccuracyForecast } from '../../charts/accuracy-chart.ts'
import type { ChartRow } from './chart-rows.ts'
import { formatMetric } from './table.ts'

export interface ChartForecast {
  line: AccuracyForecast[]
  /** What it says ten times further, and of the largest held out. */
  words: string
}

/** The forecast reaches so many times the largest compute. */
const reach = 10
const resamples = 200

/** A sentence where there can be none; null where the metric of the row is none that follows the loss. */
export function chartForecast(
  row: Pick<ChartRow, 'metric' | 'chance' | 'rows' | 'isCentred'>,
  evaluations: readonly Evaluation[],
  runs: readonly RunSummary[],
): ChartForecast | string | null {
  const { metric, isCentred } = row
  const isKnown = metric === 'acc' || metric === 'acc_norm' || metric === 'answer_bits_per_byte'
  if (!isKnown || row.rows.length === 0) return null
  const score = { tasks: row.rows.map(({ task }) => task.name), metric, isCentred }
  const points = taskPoints(evaluations, runs, score)
  if (points.length < 2) return null
  const wanted = { ...scoreBounds(score, [row.chance]), resamples }
  const fit = fitTwoStep(points, wanted)
  if (typeof fit === 'string') return fit
  const [from, to] = [Math.log(points[0].flops), Math.log(reach * points[points.length - 1].flops)]
  const line = Array.from({ length: 31 }, (_, i) => {
    const { flops, value, interval } = fit.forecastAt(Math.exp(from + (i / 30) * (to - from)))
    return { x: flops, y: value, low: interval?.low ?? value, high: interval?.high ?? value }
  })
  const { x, y, low, high } = line[line.length - 1]
  const of = (value: number) => formatMetric(metric, value)
  const heldOut = holdOutScore(points, 1, wanted)
  return {
    line,
    words: `Forecast in two steps, loss from compute and score from loss: ${of(y)}${high > low ? ` (${of(low)} to ${of(high)})` : ''} at ${formatFlops(x)}. ${heldOut ? heldOutWords(heldOut, of) : 'Too few members to hold the largest out.'}`,
  }
}

const heldOutWords = ({ name, value, measured, error }: HeldOutScore, of: (value: number) => string): string =>
  `Without ${name ?? 'the largest'}, the smaller ones predict ${of(value)} for it; measured ${of(measured)}, error ${error < 0 ? '−' : '+'}${of(Math.abs(error))}.`
