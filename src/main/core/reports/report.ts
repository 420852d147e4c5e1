// A study as one HTML file for a colleague who was not there: the question, what was done, what came of it, how sure
// that is, and how to do it again. It loads nothing from anywhere.
import { flopsConventionNames } from '#shared/family/counting.ts'
import { formatCount, formatFlops, formatShare, plural } from '#shared/numbers.ts'
import type { ReportData, ReportedRun } from './data.ts'
import { findingsOf, verdict, type Findings } from './findings.ts'
import {
  dataSection,
  evaluationSection,
  familySection,
  recipeSection,
  repeatSection,
  sampleSection,
} from './sections.ts'
import { reportInUnit } from './in-unit.ts'
import { lawSection } from './law-section.ts'
import { markup, type Markup } from './markup.ts'
import { opennessSection } from './openness.ts'
import { drawPlot } from './plot.ts'
import { reportStyle } from './style.ts'

export function writeReport(given: ReportData): string {
  const data = reportInUnit(given)
  const { study, nowMs, version, question } = data
  const findings = findingsOf(data)
  const date = new Date(nowMs).toISOString().slice(0, 10)
  const page = markup`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${study.name}</title><style>${{ html: reportStyle }}</style></head>
<body><main>
<header><h1>${study.name}</h1><p class="faint">${date} · Isoflop ${version}</p></header>
${question ? markup`<section><h2>Question</h2><p class="note">${question}</p></section>` : null}
<section><h2>Summary</h2>${summary(data, findings)}</section>
${lawSection(data, findings)}
${familySection(data, findings)}
${curves(findings)}
${dataSection(data)}
${recipeSection(data)}
${evaluationSection(data, findings)}
${sampleSection(findings)}
${opennessSection(data)}
${repeatSection(data, findings)}
</main></body></html>
`
  return page.html
}

function summary({ study, corpus, points }: ReportData, { members, law }: Findings): Markup {
  const finished = members.filter(({ summary: { state } }) => state === 'finished')
  if (members.length === 0) return markup`<p>Nothing has been trained in this study yet.</p>`
  const sizes = members.map(({ summary }) => summary.parameters)
  const flops = members.reduce((sum, { summary }) => sum + summary.tokens * summary.flopsPerToken, 0)
  const text = corpus ? ` on “${corpus.name}”` : ''
  const heldOut = law.heldOut[0] ?? null
  return markup`<p>A family of ${plural(members.length, 'GPT')} from ${formatCount(Math.min(...sizes))} to ${formatCount(Math.max(...sizes))} parameters,
 trained${text} with ${study.recipe.tokensPerParameter} tokens per parameter: ${finished.length} of ${members.length} finished, ${formatFlops(flops)} in all
 (FLOPs counted as ${flopsConventionNames[study.recipe.flopsConvention]}).</p>
${law.fit ? markup`<p>A scaling law through ${plural(points.length, 'final loss', 'final losses')} leaves a residual of ${formatShare(law.fit.residualStd)}.${heldOut ? ` ${verdict(heldOut.name, heldOut.y, heldOut.measured, heldOut.error)}` : ''}</p>` : null}
${warnings(members)}`
}

/** What keeps the losses from being compared as they stand. */
function warnings(members: readonly ReportedRun[]): Markup | null {
  const emulated = members.filter(({ summary }) => summary.systems !== undefined)
  const half = members.filter(({ summary }) => summary.precision === 'bf16')
  const lines = [
    emulated.length > 0
      ? `${emulated.map(({ summary }) => summary.name).join(', ')} trained on an emulated cluster, by weight streaming.`
      : null,
    half.length > 0 && half.length < members.length
      ? `${half.map(({ summary }) => summary.name).join(', ')} trained in bf16, the others in fp32; a law should not mix them.`
      : null,
  ].filter((line) => line !== null)
  return lines.length > 0 ? markup`<p class="warn">${lines.join(' ')}</p>` : null
}

function curves({ members, colourOf, lossWords }: Findings): Markup | null {
  const lines = members
    .filter(({ curve }) => curve.length > 1)
    .map((run) => ({
      run,
      colour: colourOf(run.summary.memberId),
      points: run.curve.map(({ tokens, loss }) => [tokens, loss] as const),
    }))
  if (lines.length === 0) return null
  const plot = drawPlot({
    title:
      'Training loss against tokens, the mean of neighbouring steps; circles are the final loss on validation text.',
    x: 'training tokens',
    y: `loss, ${lossWords}`,
    isLog: { x: true, y: false },
    lines,
    marks: members.flatMap((run) => {
      const { state, validationLoss, tokens, name } = run.summary
      return state === 'finished' && validationLoss !== null
        ? [{ colour: colourOf(run.summary.memberId), at: [tokens, validationLoss] as const, name }]
        : []
    }),
  })
  return markup`<section><h2>Training curves</h2>
${plot}</section>`
}
