// What came of a study, as every section of its report takes it.
import { lossUnitWords } from '#shared/loss-unit.ts'
import { formatShare } from '#shared/numbers.ts'
import { lawOf, type Law } from '#shared/scaling/law.ts'
import type { LawPoint } from '#shared/scaling/points.ts'
import type { ReportData, ReportedRun } from './data.ts'
import { standing } from './standing.ts'

export interface Findings {
  members: ReportedRun[]
  law: Law
  /** In what every loss of the report is: nats/token, bits per byte. */
  lossWords: string
  /** A colour for each member, pale for small and dark for large. */
  colourOf: (memberId: string) => string
}

export function findingsOf(data: ReportData): Findings {
  const points = data.points.map(({ name, flops, loss }): LawPoint => ({ name, x: flops, y: loss }))
  const members = standing(data.runs)
  const sizes = [...new Map(members.map(({ summary }) => [summary.memberId, summary.parameters]))]
    .sort(([, a], [, b]) => a - b)
    .map(([memberId]) => memberId)
  const colourOf = (memberId: string) => {
    const place = sizes.length > 1 ? Math.max(0, sizes.indexOf(memberId)) / (sizes.length - 1) : 1
    return `hsl(${Math.round(205 + 40 * place)} 70% ${Math.round(62 - 28 * place)}%)`
  }
  const lossWords = lossUnitWords[data.unit ?? 'nats-per-token']
  return { members, law: lawOf(points, { reach: 10 }), lossWords, colourOf }
}

/** How far off the smaller members' law was at the largest. */
export const verdict = (name: string | null, predicted: number, measured: number, error: number): string =>
  `Fitted to the smaller members alone, it predicts ${predicted.toFixed(3)} for ${name ?? 'the largest'}; measured was ${measured.toFixed(3)}: ${formatShare(Math.abs(error))} off.`
