// What `isoflop evaluate` answers: the harness's document, and a table for people.
import type { Evaluation } from '#shared/evaluation/evaluation.ts'
import { centredMean } from '#shared/evaluation/centred-mean.ts'
import { harnessResults, itemRemarks, type TaskResult } from '#shared/evaluation/result.ts'
import { table } from './amounts.ts'

const sum = (numbers: readonly number[]): number => numbers.reduce((total, one) => total + one, 0)

const resultsOf = (evaluations: readonly Evaluation[]): TaskResult[] =>
  evaluations.flatMap(({ result }) => (result ? [result] : []))

/** Items that were scored now, a second of scoring. */
function rateOf(evaluations: readonly Evaluation[]): number {
  const seconds = sum(evaluations.map(({ scoring }) => scoring?.seconds ?? 0))
  return seconds > 0 ? sum(evaluations.map(({ scoring }) => scoring?.items ?? 0)) / seconds : 0
}

/** Finished evaluations of one model in the harness's layout, with what they took. */
export const evaluationsDocument = (evaluations: readonly Evaluation[]) => ({
  ...harnessResults(resultsOf(evaluations)),
  remarks: Object.fromEntries(resultsOf(evaluations).map((result) => [result.task, itemRemarks(result)])),
  centredMean: centredMean(resultsOf(evaluations)),
  n: sum(resultsOf(evaluations).map(({ items }) => items)),
  seconds: sum(evaluations.map(({ scoring }) => scoring?.seconds ?? 0)),
  secondsByTask: Object.fromEntries(evaluations.map(({ task, scoring }) => [task, scoring?.seconds ?? 0])),
  itemsPerSecond: rateOf(evaluations),
  device: evaluations[0]?.device ?? null,
})

export function evaluationsText(evaluations: readonly Evaluation[]): string {
  const results = resultsOf(evaluations)
  const rows = results.flatMap(({ title, shots, items, chance, metrics }) =>
    metrics.map(({ name, value, stderr }) => [
      title,
      String(shots),
      String(items),
      name,
      value.toFixed(4),
      stderr === null ? '' : `± ${stderr.toFixed(4)}`,
      name.startsWith('acc') && chance !== null ? chance.toFixed(2) : '',
    ]),
  )
  const rate = rateOf(evaluations)
  const core = centredMean(results)
  const remarks = results.flatMap((result) => itemRemarks(result).map((remark) => `\n${result.title}: ${remark}`))
  return `${table(['task', 'shots', 'items', 'metric', 'value', 'error', 'chance'], rows)}\n${sum(results.map(({ items }) => items))} items${rate > 0 ? `, ${rate.toPrecision(3)} a second` : ''} on ${evaluations[0]?.device ?? 'no device'}.${core ? `\nCORE mean, centred, over ${core.tasks.join(', ')}: ${core.value.toFixed(4)}${core.stderr === null ? '' : ` ± ${core.stderr.toFixed(4)}`} (0 is guessing, 1 is all right).` : ''}${remarks.join('')}`
}
