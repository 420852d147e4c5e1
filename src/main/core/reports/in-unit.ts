// The losses of a report in its unit, before anything is fitted to them or drawn.
import { inNats, lossIn, lossTimes } from '#shared/loss-unit.ts'
import type { ReportData, ReportedRun } from './data.ts'

export function reportInUnit(data: ReportData): ReportData {
  const { unit = 'nats-per-token' } = data
  if (unit === 'nats-per-token') return data
  return {
    ...data,
    runs: data.runs.map(runInUnit),
    points: data.points.map((point) => ({
      ...point,
      loss: point.loss * lossIn(unit, point.text.bytesPerToken ?? NaN),
    })),
  }
}

function runInUnit(run: ReportedRun): ReportedRun {
  const { summary, curve, factor = inNats } = run
  return {
    ...run,
    curve: curve.map(({ tokens, loss }) => ({ tokens, loss: loss * factor.training })),
    summary: {
      ...summary,
      loss: lossTimes(summary.loss, factor.training),
      validationLoss: lossTimes(summary.validationLoss, factor.validation),
    },
  }
}
