// What an evaluation says: a record for each item while it goes on, and the numbers at its end.
import type { MetricName } from './task.ts'

/** One item with what the model made of it. */
export interface ItemRecord {
  kind: 'item'
  task: string
  /** From 0, in the order of the file. */
  index: number
  /** What the model was asked, without the examples before it: contexts × continuations as the task's kind has them. */
  contexts: string[]
  continuations: string[]
  /** Index of the right choice; null where there are no choices. */
  gold: number | null
  /** log p(continuation | context) of each request, nats. */
  logLikelihoods: number[]
  /** Whether each continuation is what the model would have written. */
  areGreedy: boolean[]
  /** The item's own part of each metric: 0 or 1 for accuracies, nats for perplexities, bits per byte of its answer. */
  metrics: Partial<Record<MetricName, number>>
  /** Set where the beginning, mostly of its examples, did not fit the model's context. */
  isCut?: boolean
  /** Words and bytes of the text, for perplexities by word and by byte. */
  size?: { words: number; bytes: number }
}

/** How far it has come; sent after every batch. */
export interface EvaluationProgress {
  kind: 'progress'
  task: string
  done: number
  of: number
}

/** What the numbers depend on, as one hash; sent first. Items that were scored with another one are worth nothing. */
export interface EvaluationIdentity {
  kind: 'identity'
  identity: string
}

export type EvaluationRecord = ItemRecord | EvaluationProgress | EvaluationIdentity

/** One task's numbers. A standard error that cannot be had is null. */
export interface TaskResult {
  task: string
  title: string
  shots: number
  items: number
  /** Rows that the file has, of which `items` were wanted; older results do not say. */
  rows?: number
  /** Rows that hold no text and were passed over. */
  withoutText?: number
  /** Items whose beginning did not fit the model's context. */
  cut?: number
  chance: number | null
  metrics: { name: MetricName; value: number; stderr: number | null }[]
}

export interface EvaluationResult {
  tasks: TaskResult[]
  /** Items scored now; those taken over from an earlier session are not counted. */
  scored: number
  seconds: number
  /** Spent on each task's scoring, without its bootstraps. */
  secondsByTask: Record<string, number>
  device: string
  /** Numbers in the model; absent where the loop alone was asked. */
  parameters?: number
}

/** The layout of lm-evaluation-harness's result files, as far as it concerns the numbers. */
export interface HarnessResults {
  results: Record<string, Record<string, number | string>>
  'n-shot': Record<string, number>
  'n-samples': Record<string, { original: number; effective: number }>
  higher_is_better: Record<string, Record<string, boolean>>
}

const lowerIsBetter: readonly MetricName[] = [
  'perplexity',
  'word_perplexity',
  'byte_perplexity',
  'bits_per_byte',
  'answer_bits_per_byte',
]

/**
 * The same numbers under the harness's names: `acc,none`, `acc_stderr,none`; a missing standard error is "N/A" there.
 */
export function harnessResults(tasks: readonly TaskResult[]): HarnessResults {
  const by = <T>(valueOf: (task: TaskResult) => T) => Object.fromEntries(tasks.map((one) => [one.task, valueOf(one)]))
  return {
    results: by(({ task, metrics }) =>
      Object.fromEntries([
        ['alias', task],
        ...metrics.flatMap(({ name, value, stderr }): [string, number | string][] => [
          [`${name},none`, value],
          [`${name}_stderr,none`, stderr ?? 'N/A'],
        ]),
      ]),
    ),
    'n-shot': by(({ shots }) => shots),
    'n-samples': by(({ items, rows }) => ({ original: rows ?? items, effective: items })),
    higher_is_better: by(({ metrics }) =>
      Object.fromEntries(metrics.map(({ name }) => [name, !lowerIsBetter.includes(name)])),
    ),
  }
}

/** What a person should know of a result's items, a sentence each; empty where there is nothing. */
export function itemRemarks({ items, rows = items, withoutText = 0, cut = 0 }: TaskResult): string[] {
  return [
    rows > items + withoutText ? `The first ${items} of ${rows} rows.` : '',
    withoutText > 0 ? `${withoutText} ${withoutText === 1 ? 'row' : 'rows'} without text passed over.` : '',
    cut > 0 ? `The beginning of ${cut} ${cut === 1 ? 'item' : 'items'} did not fit the context and was cut.` : '',
  ].filter(Boolean)
}
