// Evaluations as a table of tasks and models: which rows and columns there are, and which number stands in a cell.
import { writeCsv } from '#shared/csv.ts'
import { type Evaluation, type EvaluationOptions, type EvaluationTask, rowsOf } from '#shared/evaluation/evaluation.ts'
import type { TaskResult } from '#shared/evaluation/result.ts'
import type { MetricName } from '#shared/evaluation/task.ts'
import type { Subject } from '#shared/subject.ts'
import { exactly, threeDigits, withDecimals } from '#shared/numbers.ts'

/** One way of asking a task: with so many examples, and for a text, which text. */
export interface ResultRow {
  key: string
  task: EvaluationTask
  shots: number
  split: Evaluation['options']['split']
  title: string
}

/** A model: a run's checkpoint, or an imported one. */
export interface ResultColumn {
  key: string
  subject: Subject
  name: string
  /** What tells it from others of its name: its step where it is not the last, its seed. */
  detail: string | null
  memberId: string | null
  parameters: number
  flops: number | null
  isEarlier: boolean
}

/** What a person may want to see, each with its explanation. */
export const metricChoices = [
  { value: 'acc' as const, text: 'acc', title: 'The best-scored answer is the right one; bits per byte for texts' },
  { value: 'acc_norm' as const, text: 'acc_norm', title: 'The best-scored answer per byte, where the task has it' },
  {
    value: 'bits_per_byte' as const,
    text: 'bits per byte',
    title:
      'Bits that the right answer costs after its prompt, per byte: it falls where acc does not move yet; of texts, all of their bytes',
  },
  { value: 'perplexity' as const, text: 'perplexity', title: 'Of last words and texts' },
]
export type MetricChoice = (typeof metricChoices)[number]['value']

const preferred: Record<MetricChoice, MetricName[]> = {
  acc: ['acc', 'bits_per_byte'],
  acc_norm: ['acc_norm', 'acc', 'bits_per_byte'],
  bits_per_byte: ['answer_bits_per_byte', 'bits_per_byte'],
  perplexity: ['perplexity', 'word_perplexity', 'acc'],
}
/** The metric of a task that comes closest to what a person wants to see. */
export const metricOf = (metrics: readonly MetricName[], choice: MetricChoice): MetricName =>
  preferred[choice].find((name) => metrics.includes(name)) ?? metrics[0]

export const metricWords: Record<MetricName, string> = {
  acc: 'acc',
  acc_norm: 'acc_norm',
  perplexity: 'perplexity',
  word_perplexity: 'perplexity a word',
  byte_perplexity: 'perplexity a byte',
  bits_per_byte: 'bits per byte',
  answer_bits_per_byte: 'bits per byte of the answer',
}
export const isAccuracy = (metric: MetricName): boolean => metric === 'acc' || metric === 'acc_norm'

const isBits = (metric: MetricName): boolean => metric === 'bits_per_byte' || metric === 'answer_bits_per_byte'

/** Accuracies and bits to three places, as the harness prints them; everything else to three digits. */
export const formatMetric = (metric: MetricName, value: number): string =>
  !Number.isFinite(value)
    ? '–'
    : isAccuracy(metric)
      ? withDecimals(value, 3)
      : isBits(metric)
        ? withDecimals(value, 3)
        : threeDigits(value)

export const metricIn = (result: TaskResult | null, metric: MetricName) =>
  result?.metrics.find(({ name }) => name === metric) ?? null

/**
 * An accuracy within two standard errors of guessing, which gives nothing where no chance is known: it may be no more
 * than that.
 */
export const isLikeChance = (value: number, stderr: number | null, chance: number | null): boolean =>
  value - 2 * (stderr ?? 0) <= (chance ?? 0)

/** A checkpoint goes by its step, so that its numbers stay its own when the run goes on. */
export const keyOfSubject = (subject: Subject): string =>
  subject.kind === 'run'
    ? `run ${subject.runId} ${subject.step}`
    : subject.kind === 'model'
      ? `model ${subject.modelId}`
      : `folder ${subject.path}`
/** Numbers of other rows stand in another row of the table. */
export const rowKey = ({ task, options }: Pick<Evaluation, 'task' | 'options'>): string =>
  `${task} ${options.shots} ${rowsOf(options)}`

const titleOf = (task: EvaluationTask, { options }: Evaluation): string =>
  options.files?.items ? `${task.title}, ${options.files.items.replace(/^.*[\\/]/, '')}` : titleOfRows(task, options)

const titleOfRows = (task: EvaluationTask, { split }: Pick<EvaluationOptions, 'split'>): string =>
  !task.canReadSplit
    ? task.title
    : task.kind !== 'text'
      ? split === 'validation'
        ? task.title
        : `${task.title}, ${split === 'test' ? 'test' : 'own'} text`
      : split !== null
        ? `${split === 'validation' ? 'Validation' : 'Test'} text`
        : `Text of ${task.files.find(({ role }) => role === 'items')?.name ?? 'a file'}`

/** A task that is not here any more, as far as its results say what it was; null where it has none. */
const goneTask = ({ task, result }: Evaluation): EvaluationTask | null =>
  result && {
    name: task,
    title: result.title,
    about: `${task} is not among the tasks here any more; its results are.`,
    source: '',
    licence: '',
    kind: result.metrics.some(({ name }) => name === 'acc') ? 'choices' : 'text',
    metrics: result.metrics.map(({ name }) => name),
    chance: result.chance,
    hub: null,
    isMade: false,
    canReadSplit: false,
    files: [],
    fetching: null,
    message: null,
  }

/** In the order of the tasks, fewer examples first. */
export function resultRows(evaluations: readonly Evaluation[], tasks: readonly EvaluationTask[]): ResultRow[] {
  const rows = new Map<string, ResultRow>()
  for (const one of evaluations) {
    const task = tasks.find(({ name }) => name === one.task) ?? goneTask(one)
    if (task && !rows.has(rowKey(one)))
      rows.set(rowKey(one), {
        key: rowKey(one),
        task,
        shots: one.options.shots,
        split: one.options.split,
        title: titleOf(task, one),
      })
  }
  const place = ({ task }: ResultRow) => (tasks.includes(task) ? tasks.indexOf(task) : tasks.length)
  return [...rows.values()].sort((a, b) => place(a) - place(b) || a.shots - b.shots || a.key.localeCompare(b.key))
}

/** Smallest model first, earlier checkpoints before later ones. `also` are shown without a number yet. */
export function resultColumns(
  evaluations: readonly Evaluation[],
  lastStepOf: (runId: string) => number | null,
  also: readonly Omit<ResultColumn, 'key' | 'detail' | 'isEarlier'>[] = [],
): ResultColumn[] {
  const columns = new Map<string, ResultColumn>()
  for (const { subject, name, memberId, parameters, flops } of [...evaluations, ...also]) {
    const key = keyOfSubject(subject)
    const last = subject.kind === 'run' ? lastStepOf(subject.runId) : null
    const isEarlier = subject.kind === 'run' && last !== null && subject.step !== last
    if (!columns.has(key))
      columns.set(key, {
        key,
        subject,
        name,
        detail: isEarlier ? `step ${exactly(subject.step ?? NaN)}` : null,
        memberId,
        parameters,
        flops,
        isEarlier,
      })
  }
  const step = ({ subject }: ResultColumn) => (subject.kind === 'run' ? (subject.step ?? Infinity) : Infinity)
  return [...columns.values()].sort(
    (a, b) => a.parameters - b.parameters || a.name.localeCompare(b.name) || step(a) - step(b),
  )
}

/** By row and column: the newest of each, for a later one with other items stands in its place. */
export function resultCells(evaluations: readonly Evaluation[]): Map<string, Evaluation> {
  const cells = new Map<string, Evaluation>()
  for (const one of evaluations) {
    const key = cellKey(rowKey(one), keyOfSubject(one.subject))
    const known = cells.get(key)
    if (!known || known.createdMs <= one.createdMs) cells.set(key, one)
  }
  return cells
}
export const cellKey = (row: string, column: string): string => `${row} · ${column}`

/** Every metric of every finished evaluation, a row each. */
export const resultsCsv = (evaluations: readonly Evaluation[]): string =>
  writeCsv(
    'model,step,parameters,training_flops,task,shots,sampler,items,metric,value,stderr,chance'.split(','),
    evaluations.flatMap(({ name, subject, parameters, flops, task, options, result }) =>
      (result?.metrics ?? []).map(({ name: metric, value, stderr }) => [
        name,
        subject.kind === 'run' ? subject.step : null,
        parameters,
        flops,
        task,
        options.shots,
        options.sampler,
        result!.items,
        metric,
        value,
        stderr,
        isAccuracy(metric) ? result!.chance : null,
      ]),
    ),
  )
