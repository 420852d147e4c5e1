// Evaluation as long work: opens the checkpoint, the tokenizer and the files, and hands them to the loop.
import { constants, setPriority } from 'node:os'
import type { EngineName, Precision } from '#shared/engine.ts'
import type { EvaluationRecord, EvaluationResult, ItemRecord } from '#shared/evaluation/result.ts'
import type { TaskRecord } from '#shared/evaluation/task.ts'
import { Fault } from '#shared/fault.ts'
import { type CheckpointSource, openCheckpoint } from '#main/core/model-formats/open.ts'
import { createAnyEngine } from '#main/core/engine/create.ts'
import { evaluate, type TaskWork } from './evaluate.ts'
import { evaluationIdentity } from './identity.ts'
import { type Item, readItem } from './items.ts'
import { readAllRows } from './rows.ts'
import { harnessSeed } from './shots.ts'
import type { TaskChoice } from './task-choice.ts'
import { findTask } from './tasks.ts'
import { documentRows, readDocuments, splitDocuments } from './documents.ts'
import { syntheticRows } from './synthetic-tasks.ts'
import { isMadeOfText, textRows } from './text-tasks.ts'

export interface EvaluateJob {
  kind: 'evaluate'
  checkpoint: CheckpointSource
  tasks: TaskChoice[]
  engine: EngineName | 'auto'
  threads: number
  /** fp32 where it is not said. */
  precision?: Precision
  /** Records of an earlier session that was interrupted, and the identity that it had. */
  done?: ItemRecord[]
  doneIdentity?: string | null
  bootstraps?: number
  /** Lets every other process go first. */
  isBackground?: boolean
}

export async function* evaluateJob(
  job: EvaluateJob,
  signal: AbortSignal,
): AsyncGenerator<EvaluationRecord, EvaluationResult> {
  if (job.isBackground) stepBack() // before there are threads, which have the priority of who began them
  const works: TaskWork[] = []
  for (const choice of job.tasks) works.push(await prepare(choice)) // a wrong file is told before a model is loaded
  const identities = await Promise.all(
    job.tasks.map((choice) => evaluationIdentity(job.checkpoint, choice, job.precision)),
  )
  const identity = identities.join(' ')
  yield { kind: 'identity', identity }
  const done = job.doneIdentity === identity ? job.done : []
  const { model, parameters, tokenizer } = await openCheckpoint(job.checkpoint)
  const engine = await createAnyEngine(job.engine, model, {
    threads: job.threads,
    precision: job.precision,
    parameters,
  })
  try {
    const count = [...parameters.values()].reduce((sum, { length }) => sum + length, 0)
    parameters.clear() // the engine has its own copy
    const result = yield* evaluate({ works, done, bootstraps: job.bootstraps }, { engine, tokenizer }, signal)
    return { ...result, parameters: count }
  } finally {
    engine.dispose()
  }
}

function stepBack(): void {
  try {
    setPriority(constants.priority.PRIORITY_LOW)
  } catch {
    // Where that is not allowed it works as hard as the others.
  }
}

/** How many items are made of a text: their errors are small enough to see small models rise. */
const textItems = 1000
/** How many items a drill makes, and how many examples it keeps apart. */
const syntheticItems = 500
const syntheticExamples = 64

async function prepare(choice: TaskChoice): Promise<TaskWork> {
  const task = choice.own ?? findTask(choice.task)
  const all = await itemsOf(task, choice)
  const items = all.filter(hasText)
  if (items.length === 0) throw new Fault('bad-input', `${all[0]?.where ?? task.title}: there is no text.`)
  const pool = choice.shots > 0 ? await poolOf(task, choice, items) : []
  return {
    task,
    items: choice.limit === null ? items : items.slice(0, choice.limit),
    rows: all.length,
    withoutText: all.length - items.length,
    shots: {
      count: choice.shots,
      pool,
      sampler: choice.sampler,
      seed: choice.seed ?? harnessSeed,
      drawsOneMore: task.harnessDrawsOneMore,
      source: [choice.shotsFrom ?? choice.data ?? task.title].flat().join(', '),
    },
  }
}

/** A text of spaces alone asks nothing. */
const hasText = (item: Item): boolean =>
  item.kind === 'text' ? item.text.trim() !== '' : item.kind !== 'last-word' || item.word.trim() !== ''

async function itemsOf(task: TaskRecord, { data, documents, limit }: TaskChoice): Promise<Item[]> {
  const isOfText = isMadeOfText(task.name)
  if (documents && !isOfText)
    return documentRows(documents.corpusFolder, documents.split, limit).map((row) => readItem(task, row))
  if (isOfText && (data === null || (typeof data === 'string' && !/\.(jsonl?|parquet)$/i.test(data)))) {
    const rows = textRows(
      task.name,
      documents ? splitDocuments(documents.corpusFolder, documents.split) : await readDocuments(data),
      { seed: 1, count: textItems },
    )
    if (rows.length === 0)
      throw new Fault(
        'bad-input',
        `${documents ? `The ${documents.split} split of this text` : (data ?? 'The bundled text')} has too little for ${task.title}. A longer text has enough; agreement and prepositions are English ones.`,
      )
    return rows.map((row) => readItem(task, row))
  }
  if (data === null)
    return syntheticRows(task.name, { seed: 1, count: syntheticItems }).map((row) => readItem(task, row))
  return (await readAllRows(data)).map((row) => readItem(task, row))
}

async function poolOf(
  task: TaskRecord,
  { shotsFrom, data, shots }: TaskChoice,
  items: Item[],
): Promise<readonly Item[]> {
  if (task.kind === 'text')
    throw new Fault('bad-input', `shots: ${task.title} has no examples; ${shots} are asked for.`)
  if (shotsFrom !== null) return (await readAllRows(shotsFrom)).map((row) => readItem(task, row))
  return data === null && !isMadeOfText(task.name)
    ? syntheticRows(task.name, { seed: 2, count: syntheticExamples }).map((row) => readItem(task, row))
    : items
}
