// Evaluation as long work: opens the checkpoint, the tokenizer and the files, and hands them to the loop.
import type { EngineName } from '#shared/engine/engine.ts'
import type { EvaluationRecord, EvaluationResult, ItemRecord } from '#shared/evaluation/result.ts'
import type { TaskRecord } from '#shared/evaluation/task.ts'
import { Fault } from '#shared/fault.ts'
import { type CheckpointSource, openCheckpoint } from '#main/checkpoint/open.ts'
import { createAnyEngine } from '#main/engine/create.ts'
import { evaluate, type TaskWork } from './evaluate.ts'
import { type Item, readItem } from './items.ts'
import { readRows } from './rows.ts'
import { harnessSeed, type ShotSampler } from './shots.ts'
import { findTask } from './tasks.ts'
import { readDocuments } from './documents.ts'
import { clozeRows, toyRows } from './toys.ts'

export interface TaskChoice {
  task: string
  /** null: the task makes its items itself. */
  data: string | null
  shots: number
  /** null: examples come from `data`, or are made, and never show an item its own answer. */
  shotsFrom: string | null
  sampler: ShotSampler
  seed?: number
  /** The first items only; null for all. */
  limit: number | null
}

export interface EvaluateJob {
  kind: 'evaluate'
  checkpoint: CheckpointSource
  tasks: TaskChoice[]
  engine: EngineName | 'auto'
  threads: number
  /** Records of an earlier session that was interrupted. */
  done?: ItemRecord[]
  bootstraps?: number
}

export async function* evaluateJob(job: EvaluateJob, signal: AbortSignal): AsyncGenerator<EvaluationRecord, EvaluationResult> {
  const works: TaskWork[] = []
  for (const choice of job.tasks) works.push(await prepare(choice)) // a wrong file is told before a model is loaded
  const { model, parameters, tokenizer } = await openCheckpoint(job.checkpoint)
  const engine = await createAnyEngine(job.engine, model, { threads: job.threads, parameters })
  try {
    parameters.clear() // the engine has its own copy
    return yield* evaluate({ works, done: job.done, bootstraps: job.bootstraps }, { engine, tokenizer }, signal)
  } finally {
    engine.dispose()
  }
}

/** How many items a toy task makes, and how many examples it keeps apart. */
const toyItems = 500
const toyExamples = 64

async function prepare(choice: TaskChoice): Promise<TaskWork> {
  const task = findTask(choice.task)
  const items = await itemsOf(task, choice)
  const pool = choice.shots > 0 ? await poolOf(task, choice, items) : []
  return {
    task,
    items: choice.limit === null ? items : items.slice(0, choice.limit),
    shots: {
      count: choice.shots, pool, sampler: choice.sampler, seed: choice.seed ?? harnessSeed, drawsOneMore: task.harnessDrawsOneMore,
      source: choice.shotsFrom ?? choice.data ?? task.title,
    },
  }
}

async function itemsOf(task: TaskRecord, { data }: TaskChoice): Promise<Item[]> {
  if (task.name === 'cloze' && (data === null || !/\.(jsonl?|parquet)$/i.test(data))) {
    const rows = clozeRows(await readDocuments(data), { seed: 1, count: toyItems })
    if (rows.length === 0) throw new Fault('bad-input', `${data ?? 'The bundled text'} has too few sentences to leave words out of.`)
    return rows.map((row) => readItem(task, row))
  }
  if (data === null) return toyRows(task.name, { seed: 1, count: toyItems }).map((row) => readItem(task, row))
  return (await readRows(data)).map((row) => readItem(task, row))
}

async function poolOf(task: TaskRecord, { shotsFrom, data, shots }: TaskChoice, items: Item[]): Promise<readonly Item[]> {
  if (task.kind === 'text') throw new Fault('bad-input', `shots: ${task.title} has no examples; ${shots} are asked for.`)
  if (shotsFrom !== null) return (await readRows(shotsFrom)).map((row) => readItem(task, row))
  return data === null && task.name !== 'cloze' ? toyRows(task.name, { seed: 2, count: toyExamples }).map((row) => readItem(task, row)) : items
}
