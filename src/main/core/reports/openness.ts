// What of the study its report makes public, in the same row as published models have.
import { opennessLines, studyOpenness } from '#shared/openness/own-row.ts'
import type { ReportData } from './data.ts'
import { markup, table, type Markup } from './markup.ts'

export function opennessSection({ study, version, nowMs, corpus, runs, evaluations }: ReportData): Markup {
  const row = studyOpenness({ study, version, nowMs, corpus, runs: runs.map(({ summary }) => summary), evaluations })
  const rows = opennessLines(row).map(({ name, answer, note, source }) => [name, answer, note, source])
  return markup`<section><h2>Openness</h2><p>What of this study is public, and how its models were trained, as <code>isoflop openness</code> compares published models.</p>${table(['', '', '', 'source'], rows, [])}</section>`
}
