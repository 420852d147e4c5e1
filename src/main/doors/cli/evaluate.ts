// `isoflop evaluate`: what a model can do, in numbers that compare with published ones.
import { createHash } from 'node:crypto'
import { join, resolve } from 'node:path'
import { Option } from 'commander'
import { engineNames, type EngineName } from '#shared/engine.ts'
import {
  harnessResults,
  type EvaluationRecord,
  type EvaluationResult,
  type ItemRecord,
  type TaskResult,
} from '#shared/evaluation/result.ts'
import type { HubSource } from '#shared/evaluation/task.ts'
import { Fault } from '#shared/fault.ts'
import { homeFolder } from '#main/doors/common/home.ts'
import type { EvaluateJob, TaskChoice } from '#main/core/evaluation/evaluate-job.ts'
import { parseWhole, table } from './amounts.ts'
import { findRun } from './find.ts'
import { withLab } from './lab.ts'
import { type Answer, type CommandContext, type CommandPart, usageError } from './program.ts'

interface EvaluateOptions {
  checkpoint?: string
  run?: string
  task: string
  data?: string
  shots: number
  shotsFrom?: string
  shotsSampler: 'first' | 'harness'
  seed?: number
  limit?: number
  engine: EngineName | 'auto'
  threads: number
  samples?: string
  resume?: boolean
}

export const evaluateCommand: CommandPart = (program, act) => {
  program
    .command('evaluate')
    .description('score a model on tasks, as lm-evaluation-harness does')
    .option('--checkpoint <dir>', 'a Hugging Face folder: an export, Cerebras-GPT, GPT-2')
    .option('--run <run>', 'or the last checkpoint of a run: its id, its name, or `last`')
    .requiredOption(
      '--task <name>',
      'hellaswag, piqa, winogrande, lambada_openai, arc_easy, arc_challenge, openbookqa, text, copy, reverse, brackets, arithmetic, cloze; several with commas',
    )
    .option(
      '--data <file>',
      'the items: .jsonl, .json or .parquet, or a folder that holds them as <task>.jsonl. Without it the official rows come from the Hugging Face hub; toy tasks make their own',
    )
    .option('--shots <count>', 'examples before each item', parseWhole(0, 100), 0)
    .option(
      '--shots-from <file>',
      'where examples come from: a file, or a folder with <task>_shots.jsonl; else the official ones, or the items',
    )
    .addOption(
      new Option('--shots-sampler <sampler>', 'the first ones, or drawn as the harness draws them')
        .choices(['first', 'harness'])
        .default('first'),
    )
    .option('--seed <number>', 'of the harness’s sampler', parseWhole(0, 0xffff_ffff))
    .option('--limit <count>', 'the first items only', parseWhole(1))
    .addOption(new Option('--engine <engine>', 'what computes').choices(['auto', ...engineNames]).default('auto'))
    .option('--threads <count>', 'CPU threads; 0 for the physical cores', parseWhole(0, 1024), 0)
    .option('--samples <file>', 'write what the model made of each item, a line of JSON each')
    .option('--resume', 'go on with an interrupted evaluation of the same --samples file')
    .addHelpText(
      'after',
      `
Examples:
  $ isoflop evaluate --checkpoint ./Cerebras-GPT-111M --task hellaswag --data hellaswag_val.jsonl
  $ isoflop evaluate --run last --task copy,brackets,cloze --json
  $ isoflop evaluate --checkpoint gpt2-folder --task piqa --shots 5 --limit 200
  $ isoflop evaluate --checkpoint ./my-model --task arc_easy --data test.jsonl --shots 5 --shots-from train.jsonl --samples items.jsonl`,
    )
    .action(act(evaluate))
}

async function evaluate(context: CommandContext, options: EvaluateOptions): Promise<Answer> {
  if ((options.checkpoint === undefined) === (options.run === undefined))
    throw usageError('Either --checkpoint or --run says which model to evaluate.')
  if (options.resume && !options.samples) throw usageError('--resume goes on with the file that --samples names.')
  const choices = await taskChoices(context, options)
  if (options.checkpoint !== undefined) return evaluateFolder(context, options, choices, resolve(options.checkpoint))
  // A run's checkpoint is exported beside the others for the time of the evaluation. --data is not the lab's folder
  // here.
  const { makeTemporaryFolder } = await import('#main/platform/disk/temporary.ts')
  const { removeFolder } = await import('#main/platform/disk/files.ts')
  const folder = await makeTemporaryFolder('isoflop-evaluate-')
  try {
    const home = homeFolder([], process.env)
    const exported = join(folder, 'model')
    await withLab({ ...context, home }, async (lab) =>
      lab.export({ kind: 'run', runId: (await findRun(lab, options.run!)).id, step: null }, exported, false),
    )
    return await evaluateFolder(context, options, choices, exported)
  } finally {
    await removeFolder(folder)
  }
}

/** One choice a task; the data of several tasks lie in one folder. */
async function taskChoices(
  context: CommandContext,
  { task, data, shots, shotsFrom, shotsSampler, seed, limit }: EvaluateOptions,
): Promise<TaskChoice[]> {
  const { findTask } = await import('#main/core/evaluation/tasks.ts')
  const names = task
    .split(',')
    .map((name) => name.trim())
    .filter(Boolean)
  if (names.length === 0) throw usageError('--task names no task.')
  const choices: TaskChoice[] = []
  for (const { name, hub } of names.map(findTask)) {
    const rows = data === undefined && hub !== null ? await officialRows(context, hub) : null
    const examples = await fileOf(shotsFrom, [`${name}_shots`, name], names.length > 1)
    choices.push({
      task: name,
      data: rows?.items ?? (await fileOf(data, [name], names.length > 1)),
      shots,
      shotsFrom: shots === 0 ? null : (examples ?? (rows?.shots.length ? rows.shots : null)),
      sampler: shotsSampler,
      seed,
      limit: limit ?? null,
    })
  }
  return choices
}

/** From the hub, or from where the lab has kept them since. */
async function officialRows(
  { terminal, signal }: CommandContext,
  hub: HubSource,
): Promise<{ items: string[]; shots: string[] }> {
  const { fetchOfficial } = await import('#main/lab/evaluations/hub-files.ts')
  const { fetchFromHub } = await import('#main/platform/hub/fetch.ts')
  return fetchOfficial(
    hub,
    join(homeFolder([], process.env), 'tasks', 'hub'),
    fetchFromHub,
    signal,
    ({ file, doneBytes, totalBytes }) =>
      terminal.progress(`${hub.dataset}, ${file}: ${Math.round((100 * doneBytes) / Math.max(1, totalBytes))} %`),
  )
}

/** The file of a task: the one that is named, or the first of these names in the folder that is. */
async function fileOf(given: string | undefined, names: string[], isFolder: boolean): Promise<string | null> {
  if (given === undefined) return null
  const { listFolder } = await import('#main/platform/disk/files.ts')
  const path = resolve(given)
  const found = await listFolder(path).catch(() => null) // a file is no folder
  if (found === null || (found.length === 0 && !isFolder)) return path
  const wanted = names.flatMap((name) => ['jsonl', 'json', 'parquet'].map((ending) => `${name}.${ending}`))
  return join(path, wanted.find((name) => found.includes(name)) ?? wanted[0])
}

async function evaluateFolder(
  context: CommandContext,
  options: EvaluateOptions,
  tasks: TaskChoice[],
  folder: string,
): Promise<Answer> {
  const { terminal, signal, parts } = context
  const { forkNodeWorker } = await import('#main/platform/processes/node.ts')
  const { workToEnd } = await import('#main/platform/processes/host.ts')
  const samples =
    options.samples === undefined
      ? null
      : await openSamples(resolve(options.samples), keyOf(options, tasks), options.resume ?? false)
  const job: EvaluateJob = {
    kind: 'evaluate',
    checkpoint: { kind: 'huggingface', folder },
    tasks,
    engine: options.engine,
    threads: options.threads,
    done: samples?.done,
  }
  const startedMs = performance.now()
  let result: EvaluationResult
  try {
    result = await workToEnd<EvaluationRecord, EvaluationResult>(forkNodeWorker(parts.worker), job, {
      signal,
      onRecord: (record) => {
        if (record.kind === 'item') samples?.add(record)
        else terminal.progress(`${record.task}: ${record.done} of ${record.of} items`)
      },
    })
  } finally {
    await samples?.save()
  }
  const items = result.tasks.reduce((sum, one) => sum + one.items, 0)
  const document = {
    ...harnessResults(result.tasks),
    n: items,
    seconds: result.seconds,
    secondsByTask: result.secondsByTask,
    itemsPerSecond: result.seconds > 0 ? result.scored / result.seconds : 0,
    totalSeconds: (performance.now() - startedMs) / 1000,
    checkpoint: options.checkpoint ?? options.run,
    device: result.device,
  }
  return { document, text: resultText(result, items) }
}

/** What must be the same for records of an earlier session to be worth something. */
const keyOf = ({ checkpoint, run }: EvaluateOptions, tasks: TaskChoice[]): string =>
  createHash('sha256')
    .update(
      JSON.stringify([
        checkpoint && resolve(checkpoint),
        run,
        tasks.map(({ limit, ...rest }) => ({ ...rest, limit: limit === null ? null : undefined })),
      ]),
    )
    .digest('hex')
    .slice(0, 16)

/** The file of items: what an earlier session of the same evaluation left, and what is added now. */
async function openSamples(
  path: string,
  key: string,
  isResuming: boolean,
): Promise<{ done: ItemRecord[]; add(record: ItemRecord): void; save(): Promise<void> }> {
  const { exists, writeFileAtomically } = await import('#main/platform/disk/files.ts')
  const { readLines } = await import('#main/platform/disk/row-files.ts')
  const done: ItemRecord[] = []
  if (isResuming && (await exists(path))) {
    for (const { text, line } of await readLines(path)) {
      const { session, ...record } = parseSample(text, path, line)
      if (session !== key)
        throw new Fault('conflict', `${path} comes from another evaluation. Leave --resume out to write it anew.`)
      done.push({ kind: 'item', ...record })
    }
  }
  const records = [...done]
  return {
    done,
    add: (record) => void records.push(record),
    save: () =>
      writeFileAtomically(
        path,
        records.map(({ kind: _, ...record }) => `${JSON.stringify({ ...record, session: key })}\n`).join(''),
      ),
  }
}

function parseSample(text: string, path: string, line: number): Omit<ItemRecord, 'kind'> & { session: string } {
  try {
    return JSON.parse(text) as Omit<ItemRecord, 'kind'> & { session: string }
  } catch (error) {
    throw new Fault('damaged', `${path}, line ${line} is not JSON, so the evaluation cannot go on from it.`, {
      cause: error,
    })
  }
}

function resultText({ tasks, scored, seconds, device }: EvaluationResult, items: number): string {
  const rows = tasks.flatMap(({ title, shots, items: count, chance, metrics }: TaskResult) =>
    metrics.map(({ name, value, stderr }) => [
      title,
      String(shots),
      String(count),
      name,
      value.toFixed(4),
      stderr === null ? '' : `± ${stderr.toFixed(4)}`,
      name.startsWith('acc') && chance !== null ? chance.toFixed(2) : '',
    ]),
  )
  const rate = seconds > 0 ? `, ${(scored / seconds).toPrecision(3)} a second` : ''
  return `${table(['task', 'shots', 'items', 'metric', 'value', 'error', 'chance'], rows)}\n${items} items${rate} on ${device}.`
}
