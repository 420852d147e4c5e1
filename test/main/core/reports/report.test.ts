// The report of a study: what a colleague reads in it, and that it needs nothing else.
import { describe, expect, it } from 'vitest'
import type { EvidencePoint } from '#shared/comparison/evidence.ts'
import type { Evaluation } from '#shared/evaluation/evaluation.ts'
import { defaultRecipe } from '#shared/family/recipe.ts'
import { planMember } from '#shared/family/plan.ts'
import type { RunPlan } from '#shared/run.ts'
import type { ReportData, ReportedRun } from '#main/core/reports/data.ts'
import { writeReport } from '#main/core/reports/report.ts'
import { runSummary } from '../../../support/run-summary.ts'

const recipe = { ...defaultRecipe, context: 32 }
const lossAt = (flops: number) => 1.5 + (flops / 1e10) ** -0.2

function run(width: number, change: Partial<ReportedRun['summary']> = {}): ReportedRun {
  const member = planMember(
    { id: `w${width}`, name: `w${width}`, layers: 2, width, heads: 1, isEnabled: true },
    { recipe, vocabulary: 257 },
    null,
    null,
  )
  const flops = member.flops.sixNd
  const summary = {
    ...runSummary(),
    id: `run-${width}`,
    memberId: `w${width}`,
    name: `w${width}`,
    state: 'finished' as const,
    parameters: member.parameters,
    tokens: member.tokens,
    flops,
    flopsPerToken: flops / member.tokens,
    validationLoss: lossAt(flops),
    ...change,
  }
  const plan = {
    runId: summary.id,
    name: summary.name,
    corpusId: 'c',
    tokenizer: { kind: 'bytes' },
    recipe,
    member,
  } as unknown as RunPlan
  const curve = [0.2, 0.5, 1].map((share) => ({ tokens: share * member.tokens, loss: lossAt(share * flops) }))
  return { summary, plan: { ...plan, engine: 'native', threads: 2, seed: 0 }, curve, sample: '<b>Call me</b>' }
}

const pointOf = ({ summary: { memberId, name, flops, validationLoss } }: ReportedRun) =>
  ({ memberId, name, flops, loss: validationLoss }) as EvidencePoint

function data(runs = [8, 16, 24, 32, 48].map((width) => run(width)), change: Partial<ReportData> = {}): ReportData {
  const study = {
    id: 's',
    name: 'Wide & deep',
    corpusId: 'c',
    tokenizer: { kind: 'bytes' },
    recipe,
    ladder: { dial: { kind: 'largest', parameters: 1 }, members: [] },
    isArchived: false,
    createdMs: 0,
    updatedMs: 0,
  } as ReportData['study']
  return {
    version: '9.9.9',
    nowMs: Date.UTC(2026, 10, 27),
    study,
    document: {
      format: 'isoflop-study',
      version: 1,
      name: study.name,
      corpus: { id: 'c', name: 'Moby', documents: 1, bytes: 1 },
      tokenizer: study.tokenizer,
      recipe,
      ladder: study.ladder,
    },
    question: 'Does it bend?\nAnd where?',
    corpus: {
      id: 'c',
      name: 'Moby',
      origin: 'added',
      state: 'finished',
      source: '/moby.txt',
      licence: null,
      bytes: 5e6,
      documents: 100,
      duplicates: 2,
      splits: {
        train: { documents: 90, bytes: 1 },
        validation: { documents: 5, bytes: 1 },
        test: { documents: 5, bytes: 1 },
      },
      createdMs: 0,
      progress: null,
      message: null,
    },
    tokens: null,
    runs,
    evaluations: [],
    taskTitles: {},
    points: runs.map(pointOf),
    computer: 'A processor, 2 cores',
    ...change,
  }
}
const textOf = (html: string) =>
  html
    .replace(/<style>[^]*?<\/style>/, '')
    .replace(/<[^>]+>/g, ' ')
    .replace(/\s+/g, ' ')

it('in bits per byte says its curves, points and law in it, each run by its own factor', () => {
  const given = data()
  const bytesPerToken = 2
  const perNat = 1 / (Math.LN2 * bytesPerToken)
  const html = writeReport({
    ...given,
    unit: 'bits-per-byte',
    runs: given.runs.map((one) => ({ ...one, factor: { training: perNat, validation: perNat } })),
    points: given.points.map((one) => ({ ...one, text: { bytesPerToken } }) as EvidencePoint),
  })
  const [smallest] = given.points
  expect(html).toContain('validation loss (bits per byte)')
  expect(html).toContain('in bits per byte, on text that was set aside')
  expect(html).toContain((smallest.loss * perNat).toFixed(4))
  expect(html).not.toContain(smallest.loss.toFixed(4))
  expect(html).not.toMatch(/nats?\b/)
  expect(html).toContain(`L(C) = ${(1.5 * perNat).toPrecision(3)} + `) // the law of the losses, times the factor
})

it('draws the curves of its law as means: on a log axis single steps would hide all else', () => {
  const given = data()
  const curve = Array.from({ length: 400 }, (_, i) => ({ tokens: 512 * (i + 1), loss: i % 2 ? 3.5 : 2.5 }))
  const html = writeReport({ ...given, runs: given.runs.map((one) => ({ ...one, curve })) })
  const [line] = /<polyline[^>]*points="([^"]*)"/.exec(html.slice(html.indexOf('<h2>The law</h2>')))!.slice(1)
  const heights = line.split(' ').map((point) => Number(point.split(',')[1]))
  expect(heights.length).toBeLessThan(150)
  const ends = heights.slice(-20)
  expect(Math.max(...ends) - Math.min(...ends)).toBeLessThan(0.25 * (Math.max(...heights) - Math.min(...heights)))
})

describe('a report', () => {
  const html = writeReport(data())
  const text = textOf(html)

  it('says what was asked, what was done, and how far off the law was where it could be wrong', () => {
    expect(text).toContain('Does it bend?')
    expect(text).toMatch(
      /A family of 5 GPTs from .* parameters, trained on “Moby” with 20 tokens per parameter: 5 of 5 finished/,
    )
    const largest = lossAt(run(48).summary.flops).toFixed(3)
    expect(text).toMatch(new RegExp(`predicts \\d\\.\\d{3} for w48; measured was ${largest}: [\\d.]+ % off`))
    expect(text).toMatch(/power law \+ constant through 5 points, residual/)
    expect(text).toMatch(/exponent how fast .* −0\.200 −0\.2\d* to −0\.\d+/)
    expect(text).toContain('constant loss that no compute removes 1.50')
  })

  it('names text, license, recipe and the command of every member', () => {
    expect(text).toContain('license unknown')
    expect(text).toContain('100 documents, 2 exact duplicates removed')
    expect(text).toContain('tokens per parameter 20')
    expect(text).toMatch(/# w8 isoflop train --corpus Moby --tokenizer bytes --shape 2,8,1/)
    expect(text).toContain('isoflop-study')
    expect(text).toMatch(/Openness .* License not stated .*Trained on .* tokens\/param/)
  })

  it('is one file: it loads nothing, runs nothing, and what a model wrote stays text', () => {
    expect(html).not.toMatch(/<script|<link|<img|<iframe|src=|href=|url\(|@import/i)
    expect(html).toContain('&lt;b&gt;Call me&lt;/b&gt;')
    expect(html).toContain('Wide &amp; deep')
    expect(html.match(/<svg/g)).toHaveLength(2)
    expect(html).not.toMatch(/NaN|undefined|Infinity/)
  })
})

it('says so where nothing was trained, one member was, or a member trained on an emulated cluster', () => {
  expect(textOf(writeReport(data([])))).toContain('Nothing has been trained in this study yet.')
  const one = textOf(writeReport(data([run(8)])))
  expect(one).toMatch(/A family of 1 GPT .*1 of 1 finished/)
  expect(one).toMatch(/A power law has 2 parameters; 1 point so far/)
  expect(textOf(writeReport(data([run(8), run(16)])))).toMatch(/power law through 2 points\. As many points as/)
  expect(textOf(writeReport(data([run(8), run(16, { systems: 4 })])))).toContain('w16 (4 emulated systems)')
  const unfinished = run(16, { state: 'cancelled', validationLoss: null })
  expect(textOf(writeReport(data([run(8), unfinished], { points: [pointOf(run(8))] })))).toContain('1 of 2 finished')
})

it('puts tasks beside members, with standard errors and chance', () => {
  const evaluation = (runId: string, value: number) =>
    ({
      task: 'copy',
      state: 'finished',
      subject: { kind: 'run', runId, step: 1 },
      result: { task: 'copy', chance: 0.25, metrics: [{ name: 'acc', value, stderr: 0.01 }] },
    }) as unknown as Evaluation
  const text = textOf(
    writeReport(
      data(undefined, {
        evaluations: [evaluation('run-8', 0.1), evaluation('run-8', 0.3), evaluation('run-16', 0.5)],
        taskTitles: { copy: 'Copying' },
      }),
    ),
  )
  expect(text).toMatch(/Copying acc 0\.250 0\.300 ± 0\.0100 0\.500 ± 0\.0100/)
})

it('has bits per byte of the answer in a line of its own, and a dash for a result of before', () => {
  const evaluation = (runId: string, more: object[]) =>
    ({
      task: 'cloze',
      state: 'finished',
      subject: { kind: 'run', runId, step: 1 },
      result: { task: 'cloze', chance: 0.25, metrics: [{ name: 'acc', value: 0.5, stderr: 0.01 }, ...more] },
    }) as unknown as Evaluation
  const bits = { name: 'answer_bits_per_byte', value: 2.5, stderr: 0.02 }
  const evaluations = [evaluation('run-8', []), evaluation('run-16', [bits])]
  expect(textOf(writeReport(data(undefined, { evaluations, taskTitles: { cloze: 'Cloze' } })))).toMatch(
    /Cloze acc 0\.250 .* Cloze answer bits per byte – – 2\.50 ± 0\.0200/,
  )
})
