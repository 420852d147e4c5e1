// The other sections of a report: family, data, recipe, evaluations, samples, and how to repeat it all.
import { leftOutText } from '#shared/corpus.ts'
import type { Evaluation } from '#shared/evaluation/evaluation.ts'
import type { TaskResult } from '#shared/evaluation/result.ts'
import type { MetricName } from '#shared/evaluation/task.ts'
import { defaultRecipe } from '#shared/family/recipe.ts'
import { exactly, formatBytes, formatCount, formatFlops, formatSeconds, threeDigits } from '#shared/numbers.ts'
import { repeatArguments, shellLine } from '#shared/repeat-run.ts'
import { evaluateCurve } from '#shared/scaling/curve.ts'
import type { ReportData } from './data.ts'
import { markup, table, type Markup } from './markup.ts'
import { ratioOf } from './standing.ts'
import type { Findings } from './findings.ts'

const shownName = ({ name, systems }: { name: string; systems?: number }): string =>
  systems === undefined ? name : `${name} (${systems} emulated system${systems === 1 ? '' : 's'})`

export function familySection({ points }: ReportData, { members, law, lossWords }: Findings): Markup | null {
  if (members.length === 0) return null
  const rows = members.map((run) => {
    const { summary, plan } = run
    const { layers, width, heads } = plan.member.shape
    const isMeasured = summary.state === 'finished' && summary.validationLoss !== null
    return [
      shownName(summary),
      `${layers} × ${width}, ${heads} heads`,
      formatCount(summary.parameters),
      formatCount(summary.tokens),
      threeDigits(ratioOf(summary)),
      formatFlops(summary.flops),
      isMeasured ? summary.validationLoss!.toFixed(4) : summary.state,
      law.fit && points.some(({ memberId }) => memberId === summary.memberId)
        ? evaluateCurve(law.fit, summary.flops).toFixed(4)
        : '–',
      formatSeconds(summary.elapsedMs / 1000),
    ]
  })
  const head = [
    'member',
    'layers × width',
    'parameters',
    'tokens',
    'tokens/param',
    'FLOPs',
    `validation loss (${lossWords})`,
    'law',
    'time',
  ]
  return markup`<section><h2>The family</h2><p>One recipe at several sizes. “law” is the fitted curve at the member’s compute; “–” where the law leaves the member out.</p>${table(head, rows, [2, 3, 4, 5, 6, 7, 8])}</section>`
}

export function dataSection({ corpus, tokens, study }: ReportData): Markup {
  const tokenizer =
    study.tokenizer.kind === 'bpe'
      ? `byte-pair encoding learned from this text, ${exactly(study.tokenizer.vocabulary)} tokens`
      : study.tokenizer.kind === 'bytes'
        ? 'bytes'
        : study.tokenizer.kind === 'gpt2'
          ? 'GPT-2, 50,257 tokens'
          : 'of an imported model'
  if (!corpus)
    return markup`<section><h2>Data</h2><p>The text of this study is not in the lab any more. Tokenizer: ${tokenizer}.</p></section>`
  const { train, validation, test } = corpus.splits
  const rows = [
    ['text', corpus.name],
    ['source', corpus.source],
    ['license', corpus.licence ?? 'unknown'],
    [
      'size',
      `${formatBytes(corpus.bytes)}, ${exactly(corpus.documents)} documents, ${exactly(corpus.duplicates)} exact duplicates removed`,
    ],
    [
      'documents',
      `${exactly(train.documents)} train, ${exactly(validation.documents)} validation, ${exactly(test.documents)} test, split by their hash`,
    ],
    ['tokenizer', tokenizer],
    ...(tokens
      ? [
          [
            'tokens',
            `${exactly(tokens.tokens.train)} train, ${exactly(tokens.tokens.validation)} validation, ${exactly(tokens.tokens.test)} test; ${threeDigits(tokens.bytesPerToken)} bytes per token`,
          ],
        ]
      : []),
    ...(corpus.leftOut && leftOutText(corpus.leftOut) ? [['passed over', leftOutText(corpus.leftOut)]] : []),
  ]
  return markup`<section><h2>Data</h2>${table(['', ''], rows, [])}</section>`
}

/** `peakLearningRate` as `peak learning rate`. */
const words = (field: string): string => field.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)

export function recipeSection({ study: { recipe } }: ReportData): Markup {
  const fields = Object.keys({ ...defaultRecipe, ...recipe }) as (keyof typeof recipe)[]
  const rows = fields
    .filter((field) => recipe.parametrisation === 'mup' || !field.startsWith('mup'))
    .map((field) => [words(field), recipe[field] === null ? 'by rule, for each size' : String(recipe[field])])
  return markup`<section><h2>Recipe</h2><p>The same for every member; AdamW, and residual matrices start smaller by the root of twice the layers. Where a rule decides, its value stands in each run’s plan.</p>${table(['', ''], rows, [])}</section>`
}

export function evaluationSection({ evaluations, taskTitles }: ReportData, { members }: Findings): Markup | null {
  const latest = new Map<string, Evaluation>()
  for (const one of evaluations)
    if (one.state === 'finished' && one.result && one.subject.kind === 'run')
      latest.set(`${one.task} ${one.subject.runId}`, one)
  const columns = members.filter(({ summary }) => [...latest.keys()].some((key) => key.endsWith(` ${summary.id}`)))
  if (columns.length === 0) return null
  const tasks = [...new Set([...latest.values()].map(({ task }) => task))]
  const rows = tasks.flatMap((task) => {
    const results = columns.map(({ summary }) => latest.get(`${task} ${summary.id}`)?.result ?? null)
    const first = results.find((result) => result !== null)
    const isShown = (name: MetricName, i: number) => i === 0 || name === 'answer_bits_per_byte'
    const metrics = new Set(results.flatMap((one) => one?.metrics.map(({ name }) => name).filter(isShown) ?? []))
    return [...metrics].map((name) => evaluationRow(taskTitles[task] ?? first?.title ?? task, name, results))
  })
  const head = ['task', 'metric', 'chance', ...columns.map(({ summary }) => shownName(summary))]
  return markup`<section><h2>Evaluations</h2><p>Value ± standard error over the items. An accuracy within two standard errors of chance says nothing; bits per byte of the right answer (lower is better) move before it does.</p>${table(head, rows, head.map((_, i) => i).slice(2))}</section>`
}

/** One metric of one task; “–” where a result is not there or of an older version, without the metric. */
function evaluationRow(title: string, metric: MetricName, results: readonly (TaskResult | null)[]): string[] {
  const chance = results.find((result) => result !== null)?.chance ?? null
  const cells = results.map((result) => {
    const found = result?.metrics.find(({ name }) => name === metric)
    return found ? `${threeDigits(found.value)}${found.stderr === null ? '' : ` ± ${threeDigits(found.stderr)}`}` : '–'
  })
  const hasChance = chance !== null && metric.startsWith('acc')
  return [title, metric.replace(/_/g, ' '), hasChance ? threeDigits(chance) : '–', ...cells]
}

export function sampleSection({ members }: Findings): Markup | null {
  const written = members.filter(({ sample }) => sample)
  if (written.length === 0) return null
  return markup`<section><h2>What they write</h2><p>The last continuation that each member wrote while it trained.</p>${written.map(({ summary, sample }) => markup`<h3>${shownName(summary)}</h3><pre>${sample}</pre>`)}</section>`
}

export function repeatSection({ study, corpus, document, runs, computer }: ReportData, { members }: Findings): Markup {
  const lines = members.map(({ plan, summary }) => {
    const args = repeatArguments(plan, corpus?.name ?? plan.corpusId)
    return args
      ? `# ${summary.name}\n${shellLine(args)}`
      : `# ${summary.name}: ${plan.origin ? `began from the weights of ${plan.origin.name}` : 'follows a published schedule; train the member of the study'}`
  })
  const devices = [
    ...new Set(runs.flatMap(({ summary: { engine, device } }) => (device ? [`${engine}: ${device}`] : []))),
  ]
  return markup`<section><h2>How to repeat it</h2>
<p>Each of these commands gives the same losses at every step, on the same engine with as many threads. The text is called “${corpus?.name ?? study.corpusId}” here; <code>isoflop corpus add</code> reads one.</p>
${lines.length > 0 ? markup`<pre>${lines.join('\n')}</pre>` : null}
<p>The whole study as one file: save this as <code>study.json</code>, then <code>isoflop studies read study.json</code> and <code>isoflop train --study "${study.name}"</code>.</p>
<details><summary>study.json</summary><pre>${JSON.stringify(document, null, 1)}</pre></details>
<p class="faint">Trained on ${computer}${devices.length > 0 ? `; ${devices.join('; ')}` : ''}.</p></section>`
}
