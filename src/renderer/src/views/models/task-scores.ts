// What is known of a checkpoint's or model's tasks, in short for the table and in full on hover.
import { meanOf } from '#shared/statistics.ts'
import { metricIn, metricOf, metricWords, formatMetric, keyOfSubject, rowKey } from '../evaluation/table.ts'
import type { Evaluation, EvaluationTask } from '#shared/evaluation/evaluation.ts'

export interface TaskScores {
  /** Mean accuracy of the tasks that have one; null where none has. */
  mean: number | null
  accuracies: number
  /** Of all tasks. */
  count: number
  /** One line for each. */
  lines: string[]
}

/** By the key of what was evaluated; of a task that was asked several times the last stands. */
export function taskScores(
  evaluations: readonly Evaluation[],
  taskOf: (name: string) => EvaluationTask | null,
): Map<string, TaskScores> {
  const newest = new Map<string, Map<string, Evaluation>>()
  for (const evaluation of [...evaluations].sort((a, b) => (a.finishedMs ?? 0) - (b.finishedMs ?? 0))) {
    if (evaluation.state !== 'finished' || !evaluation.result) continue
    const key = keyOfSubject(evaluation.subject)
    const ofSubject = newest.get(key) ?? new Map<string, Evaluation>()
    ofSubject.set(rowKey(evaluation), evaluation)
    newest.set(key, ofSubject)
  }
  return new Map(
    [...newest].map(([key, ofSubject]) => {
      const accuracies: number[] = []
      const lines = [...ofSubject.values()].flatMap(({ task, options, result }) => {
        const metric = metricOf(taskOf(task)?.metrics ?? result!.metrics.map(({ name }) => name), 'acc')
        const found = metricIn(result, metric)
        if (!found) return []
        if (metric === 'acc') accuracies.push(found.value)
        return [
          `${result!.title}${options.shots ? `, ${options.shots} shots` : ''}: ${formatMetric(metric, found.value)} ${metricWords[metric]}${found.stderr === null ? '' : ` ± ${found.stderr.toPrecision(2)}`}`,
        ]
      })
      const mean = accuracies.length > 0 ? meanOf(accuracies) : null
      return [key, { mean, accuracies: accuracies.length, count: lines.length, lines }]
    }),
  )
}
