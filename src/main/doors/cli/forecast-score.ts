// `isoflop forecast --task`: what a model of a budget would score, in two steps: loss by the law, score by the loss.
import { Fault } from '#shared/fault.ts'
import { isOfCore } from '#shared/evaluation/centred-mean.ts'
import { type Evaluation, type EvaluationTask, rowsOf } from '#shared/evaluation/evaluation.ts'
import { publishedResults } from '#shared/evaluation/published.ts'
import { publishedMean, publishedTaskPoints, scoreBounds, taskPoints } from '#shared/evaluation/task-points.ts'
import { groupedBy } from '#shared/grouped.ts'
import type { MetricName } from '#shared/evaluation/task.ts'
import { listed } from '#shared/printable.ts'
import { fitTwoStep, holdOutScore, type HeldOutScore, type TaskPoint } from '#shared/scaling/downstream/two-step.ts'
import { short, table } from './amounts.ts'
import { bootstrapOptions, curveDocument, type FitOptions } from './fit.ts'
import { findStudy } from './find.ts'
import { readLab } from './lab.ts'
import { columnOf, tableOf } from './points.ts'
import type { Answer, CommandContext } from './program.ts'

export interface ScoreOptions extends FitOptions {
  task?: string
  metric?: 'acc' | 'acc_norm' | 'answer_bits_per_byte'
  /** A column of the file, instead of a task. */
  score?: string
  chance?: number
  published?: string
  holdOut?: number
}

interface Scores {
  points: TaskPoint[]
  title: string
  chance: number
  least?: number
}

export async function scoreAnswer(context: CommandContext, options: ScoreOptions, flops: number): Promise<Answer> {
  const { metric = 'acc', holdOut = 1 } = options
  const kind = metric === 'answer_bits_per_byte' ? ('bits' as const) : ('accuracy' as const)
  const {
    points,
    title,
    chance,
    least = 0,
  } = options.published !== undefined
    ? publishedScores(options.published, options, await tasksOf(context))
    : options.points !== undefined
      ? fileScores(options)
      : await studyScores(context, options, metric)
  const wanted = { kind, chance, least, ...bootstrapOptions(options) }
  const fit = fitTwoStep(points, wanted)
  if (typeof fit === 'string') throw new Fault('bad-input', `${title}: ${fit}`)
  const { loss, value, interval } = fit.forecastAt(flops)
  const heldOut = holdOutScore(points, holdOut, wanted)
  const { law, link, residual } = fit
  const share = (100 * wanted.confidence).toPrecision(3)
  return {
    document: {
      task: title,
      metric,
      chance: kind === 'accuracy' ? chance : null,
      flops,
      loss,
      value,
      interval,
      heldOut,
      link,
      residual,
      law: curveDocument(law, null),
      points,
    },
    text: [
      table(
        ['model', 'FLOPs', 'loss', metric],
        points.map((one) => [one.name ?? '', one.flops.toExponential(2), one.loss.toFixed(4), one.value.toFixed(3)]),
      ),
      `${flops.toExponential(3)} FLOPs: loss ${loss.toFixed(4)}, ${title} ${metric} ${value.toFixed(3)}${interval ? ` (${share} %: ${interval.low.toFixed(3)} to ${interval.high.toFixed(3)})` : ''}`,
      link.kind === 'accuracy'
        ? `${metric} = ${short(link.chance)} + ${short(link.upper - link.chance)} / (1 + exp(${short(link.steepness)} (loss − ${short(link.middle)}))); it misses the points by ${residual.toFixed(4)}`
        : `${metric} = ${short(link.intercept)} + ${short(link.slope)} loss; it misses the points by ${residual.toFixed(4)}`,
      heldOut ? heldOutText(heldOut, holdOut) : 'Too few models to hold the largest out.',
    ].join('\n'),
  }
}

const heldOutText = ({ name, value, measured, error, interval }: HeldOutScore, count: number): string =>
  `Without the ${count === 1 ? 'largest' : `${count} largest`}, ${name ?? 'the largest'} is predicted ${value.toFixed(3)}${interval ? ` (${interval.low.toFixed(3)} to ${interval.high.toFixed(3)})` : ''}; measured ${measured.toFixed(3)}; error ${error >= 0 ? '+' : '−'}${Math.abs(error).toFixed(3)}.`

const tasksOf = (context: CommandContext): Promise<EvaluationTask[]> => readLab(context, (lab) => lab.listTasks())

function publishedScores(
  family: string,
  { task = publishedMean, metric }: ScoreOptions,
  tasks: EvaluationTask[],
): Scores {
  const seven = Object.keys(publishedResults.results[0].acc)
  const families = [...new Set(publishedResults.results.map((one) => one.family))]
  const points = publishedTaskPoints(family, task)
  if (!families.includes(family)) throw new Fault('not-found', `--published: there is ${listed(families)}.`)
  if (metric !== undefined && metric !== 'acc') throw new Fault('bad-input', '--metric: published results are acc.')
  if (points.length === 0)
    throw new Fault(
      'bad-input',
      seven.includes(task) || task === publishedMean
        ? `No losses of ${family} were published, so its scores cannot be forecast from them.`
        : `--task: published results are of ${listed([...seven, publishedMean])}.`,
    )
  const chanceOf = (name: string) => tasks.find((one) => one.name === name)?.chance ?? 0
  const names = task === publishedMean ? seven : [task]
  return {
    points,
    title: task === publishedMean ? 'mean of the seven tasks' : task,
    chance: names.reduce((sum, name) => sum + chanceOf(name), 0) / names.length,
  }
}

function fileScores(options: ScoreOptions): Scores {
  const read = tableOf(options)
  if (options.score === undefined) throw new Fault('bad-input', '--score names the column of the task’s score.')
  const [x, y] = [columnOf(read, options.x, '--x'), columnOf(read, options.y, '--y')]
  const score = columnOf(read, options.score, '--score')
  const points = read.rows.map((_, i) => ({
    name: `line ${read.lines[i]}`,
    flops: x(i),
    loss: y(i),
    value: score(i),
    stderr: null,
  }))
  const wrong = points.find(({ flops, loss }) => !(flops > 0) || !(loss > 0))
  if (wrong) throw new Fault('bad-input', `${wrong.name}: compute and loss must be above 0.`)
  return { points, title: options.score, chance: options.chance ?? 0 }
}

async function studyScores(
  context: CommandContext,
  { study: wanted, task, chance }: ScoreOptions,
  metric: MetricName,
): Promise<Scores> {
  if (wanted === undefined || task === undefined)
    throw new Fault('bad-input', '--task needs --study, or --published; a file needs --score.')
  const isCentred = task === 'core'
  if (isCentred && metric !== 'acc') throw new Fault('bad-input', '--metric: CORE’s centred mean is of acc.')
  return readLab(context, async (lab) => {
    const study = await findStudy(lab, wanted)
    const all = (await lab.listEvaluations(study.id)).filter(({ result }) => result)
    const tasks = isCentred
      ? coreTasks(all)
      : task === publishedMean
        ? Object.keys(publishedResults.results[0].acc)
        : [...new Set(task.split(',').map((name) => name.trim()))]
    if (isCentred && tasks.length < 2)
      throw new Fault(
        'not-found',
        `CORE’s centred mean is over two tasks with rows of their own or more; ${study.name} has ${tasks.length}.`,
      )
    const evaluations = tasks.flatMap((name) => askedAlike(all.filter((one) => one.task === name)))
    const score = { tasks, metric, isCentred }
    const points = taskPoints(evaluations, await lab.listRuns(study.id), score)
    if (points.length === 0)
      throw new Fault(
        'not-found',
        `No finished run of ${study.name} has ${metric} on ${listed(tasks)} yet: isoflop evaluate --run RUN --task ${tasks.join(',')} for each.`,
      )
    const results = tasks.map((name) => evaluations.find((one) => one.task === name)!.result!)
    const bounds = scoreBounds(
      score,
      results.map((one) => one.chance),
    )
    const title = isCentred
      ? `CORE mean, centred, over ${tasks.join(', ')}`
      : tasks.length > 1
        ? `mean over ${tasks.join(', ')}`
        : results[0].title
    return { points, title, ...bounds, chance: chance ?? bounds.chance }
  })
}

const coreTasks = (evaluations: readonly Evaluation[]): string[] => [
  ...new Set(evaluations.filter(({ result }) => isOfCore(result!)).map(({ task }) => task)),
]

/** Of several ways to ask a task (examples, rows) the one that most evaluations have: two are of no one line. */
function askedAlike(evaluations: readonly Evaluation[]): Evaluation[] {
  const ways = groupedBy(evaluations, ({ options }) => `${options.shots} ${options.limit} ${rowsOf(options)}`)
  return [...ways.values()].sort((a, b) => b.length - a.length)[0] ?? []
}
