// What a family scored on one task, beside its compute and its loss: the points of a forecast from loss to score.
import type { RunSummary } from '../run.ts'
import { countedRepeats } from '../repeats.ts'
import type { TaskPoint } from '../scaling/downstream/two-step.ts'
import { centredMean, meanScore } from './centred-mean.ts'
import type { Evaluation } from './evaluation.ts'
import { publishedResults } from './published.ts'
import type { TaskResult } from './result.ts'
import type { MetricName } from './task.ts'

/** What a model scored: on one task, or the mean over several, plain or as CORE has it. */
export interface ScoreWanted {
  tasks: readonly string[]
  metric: MetricName
  isCentred?: boolean
}

/** The lowest that a centred mean can be: everything wrong where guessing is right every second time. */
const leastCentred = -1

/** Bounds of the score for `fitTwoStep`, and what guessing gives: of a mean, the mean over its tasks. */
export const scoreBounds = ({ metric, isCentred = false }: ScoreWanted, chances: readonly (number | null)[]) => ({
  kind: metric === 'answer_bits_per_byte' ? ('bits' as const) : ('accuracy' as const),
  chance: isCentred ? 0 : chances.reduce<number>((sum, chance) => sum + (chance ?? 0), 0) / chances.length,
  least: isCentred ? leastCentred : 0,
})

/**
 * Runs at their end, from random weights, with a validation loss and all of the tasks: each with its newest
 * evaluations, by compute. Repeats of one seed are one point, as in a law.
 */
export function taskPoints(
  evaluations: readonly Evaluation[],
  runs: readonly RunSummary[],
  wanted: ScoreWanted,
): TaskPoint[] {
  const scored = runs.flatMap((run) => {
    const score = run.flops > 0 ? scoreOf(newestOf(evaluations, run, wanted.tasks), wanted) : null
    return score ? [{ run, score }] : []
  })
  const counted = countedRepeats(scored.map(({ run }) => run))
  return counted
    .map(({ run, loss }): TaskPoint => {
      const { score } = scored.find((one) => one.run === run)!
      return { name: run.name, flops: run.flops, loss, value: score.value, stderr: score.stderr }
    })
    .sort((a, b) => a.flops - b.flops)
}

/** One result a task, of the end of the run; fewer where some of the tasks have none. */
const newestOf = (evaluations: readonly Evaluation[], { id, steps }: RunSummary, tasks: readonly string[]) =>
  tasks.flatMap((task) => {
    const own = evaluations.filter(
      ({ subject, result, task: name }) =>
        result && name === task && subject.kind === 'run' && subject.runId === id && subject.step === steps,
    )
    const newest = own.sort((a, b) => b.createdMs - a.createdMs)[0]
    return newest ? [newest.result!] : []
  })

function scoreOf(results: readonly TaskResult[], { tasks, metric, isCentred }: ScoreWanted) {
  if (results.length < tasks.length) return null
  if (isCentred) return centredMean(results)
  const found = results.flatMap(({ metrics }) => metrics.filter(({ name }) => name === metric))
  return found.length === tasks.length ? meanScore(found) : null
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
