// What a family scored on one task, beside its compute and its loss: the points of a forecast from loss to score.
import type { RunSummary } from '../run.ts'
import type { TaskPoint } from '../scaling/downstream/two-step.ts'
import type { Evaluation } from './evaluation.ts'
import { publishedResults } from './published.ts'
import type { MetricName } from './task.ts'

/** Runs at their end, from random weights, with a validation loss: each with its newest evaluation, by compute. */
export function taskPoints(
  evaluations: readonly Evaluation[],
  runs: readonly RunSummary[],
  metric: MetricName,
): TaskPoint[] {
  const points = runs.flatMap(({ id, name, state, origin, flops, validationLoss, steps }): TaskPoint[] => {
    if (state !== 'finished' || origin || validationLoss === null || flops <= 0) return []
    const own = evaluations.filter(
      ({ subject, result }) => result && subject.kind === 'run' && subject.runId === id && subject.step === steps,
    )
    const newest = own.sort((a, b) => b.createdMs - a.createdMs)[0]
    const found = newest?.result!.metrics.find((one) => one.name === metric)
    return found ? [{ name, flops, loss: validationLoss, value: found.value, stderr: found.stderr }] : []
  })
  return points.sort((a, b) => a.flops - b.flops)
}

/** The mean over the seven tasks, by its name in published tables. */
export const publishedMean = 'average'

/** Accuracies of a published family without examples, with its loss on the Pile; empty where either is not known. */
export const publishedTaskPoints = (family: string, task: string): TaskPoint[] =>
  publishedResults.results
    .filter((one) => one.family === family && one.shots === 0 && one.pileLoss !== null)
    .flatMap(({ model, flops, pileLoss, acc, average }) => {
      const value = task === publishedMean ? average : acc[task]
      return value === undefined ? [] : [{ name: `${family} ${model}`, flops, loss: pileLoss!, value, stderr: null }]
    })
    .sort((a, b) => a.flops - b.flops)
