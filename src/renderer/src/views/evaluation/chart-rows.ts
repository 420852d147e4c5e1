// What the chart of accuracies can show: rows of the table, published tasks, and the mean of the seven; and the points
// of each.
import { centredMean, meanScore } from '#shared/evaluation/centred-mean.ts'
import { type Evaluation, type EvaluationTask, isSynthetic } from '#shared/evaluation/evaluation.ts'
import type { MetricName } from '#shared/evaluation/task.ts'
import { meanOfSeven, publishedTasks } from '../../charts/accuracy-chart.ts'
import { plural } from '#shared/numbers.ts'
import {
  cellKey,
  isAccuracy,
  metricIn,
  metricOf,
  type MetricChoice,
  type ResultColumn,
  type ResultRow,
} from './table.ts'

export interface ChartRow {
  key: string
  title: string
  task: string
  shots: number
  metric: MetricName
  chance: number | null
  isPublished: boolean
  /** The centred mean of several tasks, in place of the plain one. */
  isCentred?: boolean
  /** Rows of the table behind it: one, or for a mean several. */
  rows: readonly ResultRow[]
}

export interface ChartValue {
  column: ResultColumn
  value: number
  stderr: number | null
  items: number
  evaluations: readonly Evaluation[]
}

const withShots = (title: string, shots: number): string => (shots ? `${title}, ${plural(shots, 'example')}` : title)

/** First what has numbers, then what others have published. */
export function chartRows(
  rows: readonly ResultRow[],
  tasks: readonly EvaluationTask[],
  choice: MetricChoice,
): ChartRow[] {
  const own = rows.map(({ key, title, task, shots }): ChartRow => {
    const metric = metricOf(task.metrics, choice)
    return {
      key,
      title: withShots(title, shots),
      task: task.name,
      shots,
      metric,
      chance: isAccuracy(metric) ? task.chance : null,
      isPublished: publishedTasks.includes(task.name),
      rows: rows.filter((row) => row.key === key),
    }
  })
  const shots = [
    ...new Set([0, ...rows.filter(({ task }) => publishedTasks.includes(task.name)).map((row) => row.shots)]),
  ]
  const means = shots.map((count): ChartRow => {
    const seven = rows.filter((row) => publishedTasks.includes(row.task.name) && row.shots === count)
    return {
      key: `${meanOfSeven} ${count}`,
      title: withShots('Mean of the seven tasks', count),
      task: meanOfSeven,
      shots: count,
      metric: 'acc',
      chance: meanChance(tasks),
      isPublished: true,
      rows: seven.length === publishedTasks.length ? seven : [],
    }
  })
  const others = tasks
    .filter(({ name }) => publishedTasks.includes(name) && !own.some((row) => row.task === name && row.shots === 0))
    .map((task): ChartRow => {
      const metric = metricOf(task.metrics, choice)
      return {
        key: `${task.name} 0 `,
        title: task.title,
        task: task.name,
        shots: 0,
        metric,
        chance: isAccuracy(metric) ? task.chance : null,
        isPublished: true,
        rows: [],
      }
    })
  return [...own, ...coreRows(rows), ...means, ...others]
}

/** CORE's centred mean over every task with rows of its own, of two on, for each number of examples. */
export function coreRows(rows: readonly ResultRow[]): ChartRow[] {
  const withRows = rows.filter(({ task }) => !isSynthetic(task.name) && task.metrics.includes('acc'))
  return [...new Set(withRows.map(({ shots }) => shots))].flatMap((shots): ChartRow[] => {
    const own = withRows.filter((row, i) => {
      const isFirst = withRows.findIndex((one) => one.shots === shots && one.task.name === row.task.name) === i
      return row.shots === shots && isFirst
    })
    if (own.length < 2) return []
    const title = withShots(`CORE mean, ${own.length} tasks`, shots)
    return [
      {
        key: `core ${shots}`,
        title,
        task: 'core',
        shots,
        metric: 'acc',
        chance: 0,
        isPublished: false,
        isCentred: true,
        rows: own,
      },
    ]
  })
}

/** Guessing at all seven; the last word of LAMBADA cannot be guessed. */
function meanChance(tasks: readonly EvaluationTask[]): number | null {
  const seven = tasks.filter(({ name }) => publishedTasks.includes(name))
  return seven.length ? seven.reduce((sum, { chance }) => sum + (chance ?? 0), 0) / seven.length : null
}

/** One value a column; for the mean only where all seven are there, with the error of a mean of independent ones. */
export function chartValues(
  row: ChartRow,
  columns: readonly ResultColumn[],
  cells: ReadonlyMap<string, Evaluation>,
): ChartValue[] {
  if (!row.rows.length) return []
  return columns.flatMap((column): ChartValue[] => {
    const found = row.rows.flatMap(({ key }) => {
      const evaluation = cells.get(cellKey(key, column.key))
      const number = metricIn(evaluation?.result ?? null, row.metric)
      return evaluation && number ? [{ evaluation, number }] : []
    })
    if (found.length !== row.rows.length) return []
    const centred = row.isCentred ? centredMean(found.map(({ evaluation }) => evaluation.result!)) : null
    const { value, stderr } = centred ?? meanScore(found.map(({ number }) => number))
    return [
      {
        column,
        value,
        stderr,
        items: found.reduce((sum, { evaluation }) => sum + evaluation.result!.items, 0),
        evaluations: found.map(({ evaluation }) => evaluation),
      },
    ]
  })
}
