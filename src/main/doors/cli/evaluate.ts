// `isoflop evaluate`: what a model can do, in numbers that compare with published ones. The lab does it and keeps it.
import { resolve } from 'node:path'
import { Option } from 'commander'
import { engineNames, precisions, type EngineName, type Precision } from '#shared/engine.ts'
import type { EvaluationOptions } from '#shared/evaluation/evaluation.ts'
import { Fault, isDiskFull } from '#shared/fault.ts'
import type { Subject } from '#shared/subject.ts'
import { homeFolder } from '#main/doors/common/home.ts'
import type { LabHost } from '#main/lab/lab.ts'
import { listFolder } from '#main/platform/disk/files.ts'
import { refuseLabData } from '#main/platform/disk/lab-data.ts'
import { parseWhole } from './amounts.ts'
import { refuseAbsentEngine } from './engine.ts'
import { followEvaluations } from './evaluate-follow.ts'
import { openSamples } from './evaluate-samples.ts'
import { evaluationsDocument, evaluationsText } from './evaluate-text.ts'
import { findStudy, findSubject, studyCalled } from './find.ts'
import { unlessInterrupted, withLab } from './lab.ts'
import { type Answer, type CommandContext, type CommandPart, usageError } from './program.ts'

interface EvaluateOptions {
  checkpoint?: string
  run?: string
  study?: string
  task: string
  data?: string
  split?: 'validation' | 'test'
  shots: number
  shotsFrom?: string
  shotsSampler: 'first' | 'harness'
  seed?: number
  limit?: number
  engine: EngineName | 'auto'
  threads: number
  precision?: Precision
  samples?: string
  resume?: boolean
  overwrite?: boolean
}

/** The study that evaluations of folders and imported models belong to where none is said. */
const ownStudy = 'Evaluations'

export const evaluateCommand: CommandPart = (program, act) => {
  program
    .command('evaluate')
    .description('score a model on tasks, as lm-evaluation-harness does')
    .option('--checkpoint <dir>', 'a Hugging Face folder: an export, Cerebras-GPT, GPT-2')
    .option('--run <run>', 'or the last checkpoint of a run: its id, its name, or `last`; or an imported model')
    .option('--study <study>', 'the study that keeps the result; else the run’s, or one called Evaluations')
    .requiredOption(
      '--task <name>',
      'hellaswag, piqa, winogrande, lambada_openai, arc_easy, arc_challenge, openbookqa, boolq, sciq, blimp, text, wikitext, cloze, word_order, agreement, prepositions, continuation, repetition; of a model that learned from `corpus synthetic`: copy, reverse, brackets, arithmetic; or FILE.json, a task of your own; several with commas',
    )
    .option(
      '--data <file>',
      'the items: .jsonl, .json or .parquet, or a folder that holds them as <task>.jsonl. Without it the rows that the lab has, else the official ones from the Hugging Face hub; synthetic tasks make their own',
    )
    .addOption(
      new Option('--split <split>', 'of a text: this part of what the run, or else the study, learns from').choices([
        'validation',
        'test',
      ]),
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
    .option('--limit <count>', 'the first items only', parseWhole(1, 1e9))
    .addOption(new Option('--engine <engine>', 'what computes').choices(['auto', ...engineNames]).default('auto'))
    .addOption(
      new Option('--precision <name>', 'of the products; fp32, as published numbers are, where it is not said').choices(
        [...precisions],
      ),
    )
    .option('--threads <count>', 'CPU threads; 0 for the physical cores', parseWhole(0, 1024), 0)
    .option('--samples <file>', 'write what the model made of each item, a line of JSON each')
    .option('--resume', 'resume a --samples file of the same model, rows and examples')
    .option('--overwrite', 'replace an earlier --samples file')
    .addHelpText(
      'after',
      `
Examples:
  $ isoflop evaluate --checkpoint ./Cerebras-GPT-111M --task hellaswag --data hellaswag_val.jsonl
  $ isoflop evaluate --run last --task cloze,word_order,agreement --json
  $ isoflop evaluate --run last --task capitals.json
  $ isoflop evaluate --checkpoint gpt2-folder --task piqa --shots 5 --limit 200
  $ isoflop evaluate --checkpoint ./my-model --task arc_easy --data test.jsonl --shots 5 --shots-from train.jsonl --samples items.jsonl

The lab keeps every item as it is scored: an interrupted evaluation resumes when it is asked for again.`,
    )
    .action(act(evaluate))
}

async function evaluate(context: CommandContext, options: EvaluateOptions): Promise<Answer> {
  if ((options.checkpoint === undefined) === (options.run === undefined))
    throw usageError('Either --checkpoint or --run says which model to evaluate.')
  if ((options.resume || options.overwrite) && !options.samples)
    throw usageError('--resume and --overwrite are for the file that --samples names.')
  const home = homeFolder([], process.env) // --data is not the lab's folder here
  if (options.samples !== undefined) await refuseLabData(home, resolve(options.samples))
  const tasks = tasksOf(options.task)
  const chosen = await Promise.all(
    tasks.map((task) =>
      optionsOf(task, isTaskFile(task) ? { ...options, data: undefined } : options, tasks.length > 1),
    ),
  )
  const reads = chosen.flatMap(({ files }) =>
    [files?.items, files?.shots].filter((path): path is string => typeof path === 'string'),
  )
  const samples =
    options.samples === undefined
      ? null
      : await openSamples(resolve(options.samples), reads, {
          isResuming: options.resume ?? false,
          isReplacing: options.overwrite ?? false,
        })
  const startedMs = performance.now()
  return withLab({ ...context, home }, async (lab) => {
    await refuseAbsentEngine(lab, options, context)
    const { studyId, subject, takeBack } = await placeOf(lab, options)
    const ids: string[] = []
    try {
      const names = await Promise.all(tasks.map((task) => taskNamed(lab, task, context)))
      await refuseTextWithoutRows(lab, names, chosen)
      for (const [i, task] of names.entries())
        ids.push(...(await lab.startEvaluations(studyId, [subject], [task], chosen[i])).map(({ id }) => id))
    } catch (error) {
      // What a full disk broke off goes on when it is asked for again.
      if (ids.length === 0 || !isDiskFull(error)) await takeBack(ids)
      throw error
    }
    const finished = await followEvaluations(lab, { studyId, ids, samples }, context)
    return {
      document: {
        ...evaluationsDocument(finished),
        totalSeconds: (performance.now() - startedMs) / 1000,
        checkpoint: options.checkpoint ?? options.run,
        studyId,
        evaluationIds: ids,
      },
      text: evaluationsText(finished),
    }
  })
}

function tasksOf(task: string): string[] {
  const names = task
    .split(',')
    .map((name) => name.trim())
    .filter(Boolean)
  if (names.length === 0) throw usageError('--task names no task.')
  const twice = names.find((name, i) => names.indexOf(name) < i)
  if (twice !== undefined) throw usageError(`--task names ${twice} twice.`)
  return names
}

/** A task of one's own by its file. */
const isTaskFile = (task: string): boolean => /\.json$/i.test(task)

const taskNamed = async (lab: LabHost, task: string, { signal }: CommandContext): Promise<string> =>
  isTaskFile(task) ? (await unlessInterrupted(signal, lab.addTask(resolve(task)))).name : task

/**
 * What is evaluated, and the study that keeps it; `takeBack` forgets which of these evaluations are new, and the study
 * if it is.
 */
async function placeOf(
  lab: LabHost,
  { checkpoint, run, study }: EvaluateOptions,
): Promise<{ studyId: string; subject: Subject; takeBack: (ids: readonly string[]) => Promise<void> }> {
  const subject: Subject =
    checkpoint !== undefined ? { kind: 'folder', path: resolve(checkpoint) } : await findSubject(lab, run!)
  const known = new Set((await lab.listStudies()).map(({ id }) => id))
  const studyId =
    study !== undefined
      ? (await findStudy(lab, study)).id
      : subject.kind === 'run'
        ? (await lab.listRuns(null)).find(({ id }) => id === subject.runId)!.studyId
        : (await studyCalled(lab, ownStudy)).id
  const earlier = new Set((await lab.listEvaluations(studyId)).map(({ id }) => id))
  return {
    studyId,
    subject,
    takeBack: async (ids) => {
      const made = ids.filter((id) => !earlier.has(id))
      for (const id of made) await lab.deleteEvaluation(id)
      await lab.emptyDeleted(made)
      if (known.has(studyId)) return
      await lab.deleteStudy(studyId)
      await lab.emptyDeleted([studyId])
    },
  }
}

/** How a task is asked; the data of several tasks lie in one folder. */
async function optionsOf(
  task: string,
  { data, split, shots, shotsFrom, shotsSampler, seed, limit, engine, threads, precision }: EvaluateOptions,
  isOneOfSeveral: boolean,
): Promise<EvaluationOptions> {
  const items = await fileOf(data, [task], isOneOfSeveral)
  const examples = await fileOf(shotsFrom, [`${task}_shots`, task], isOneOfSeveral)
  return {
    shots,
    sampler: shotsSampler,
    limit: limit ?? null,
    split: items === null ? (split ?? null) : null,
    ...(items === null && examples === null ? {} : { files: { items, shots: examples } }),
    ...(seed === undefined ? {} : { seed }),
    engine,
    threads,
    ...(precision === undefined || precision === 'fp32' ? {} : { precision }),
  }
}

/** The file of a task: the one that is named, or the first of these names in the folder that is. */
async function fileOf(given: string | undefined, names: string[], isFolder: boolean): Promise<string | null> {
  if (given === undefined) return null
  const path = resolve(given)
  const found = await listFolder(path).catch(() => null) // a file is no folder
  if (found === null || (found.length === 0 && !isFolder)) return path
  const wanted = names.flatMap((name) => ['jsonl', 'json', 'parquet'].map((ending) => `${name}.${ending}`))
  return resolve(path, wanted.find((name) => found.includes(name)) ?? wanted[0])
}

/** Said before anything is queued, with the options that this door has. */
async function refuseTextWithoutRows(
  lab: LabHost,
  names: readonly string[],
  chosen: readonly EvaluationOptions[],
): Promise<void> {
  const tasks = await lab.listTasks()
  for (const [i, name] of names.entries()) {
    const task = tasks.find((one) => one.name === name)
    if (
      task?.kind === 'text' &&
      !chosen[i].files?.items &&
      chosen[i].split === null &&
      task.files.length === 0 &&
      !task.hub
    )
      throw new Fault('bad-input', `data: ${name} needs a file with its items: --data, or --split of a run’s own text.`)
  }
}
