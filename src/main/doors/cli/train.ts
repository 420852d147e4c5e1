// `isoflop train`: a study, new or old, from text to finished runs.
import { resolve } from 'node:path'
import { Option } from 'commander'
import { engineNames, type EngineName } from '#shared/engine.ts'
import { mostSystems } from '#shared/cluster/live.ts'
import { Fault } from '#shared/fault.ts'
import type { Dial, MemberPlan } from '#shared/family/ladder.ts'
import { starterPreset, studyPartsOf } from '#shared/family/presets.ts'
import { defaultRecipe } from '#shared/family/recipe.ts'
import type { RunSummary } from '#shared/run.ts'
import type { Study } from '#shared/study.ts'
import type { TokenizerChoice } from '#shared/tokenizer/choice.ts'
import { vocabularyOf } from '#shared/tokenizer/vocabulary.ts'
import { exists } from '#main/platform/disk/files.ts'
import type { LabHost } from '#main/lab/lab.ts'
import { parseAmount, parseTokenizer, parseWhole, short } from './amounts.ts'
import { continueFrom, defaultContinueTokens, withoutChoices } from './continue.ts'
import { corpusName } from './corpus.ts'
import { followRuns } from './follow.ts'
import { corpusNamed, findStudy } from './find.ts'
import { corpusReady, tokensReady, withLab } from './lab.ts'
import { ladderWithin } from './plan.ts'
import { usageError, type CommandContext, type CommandPart } from './program.ts'
import { runsText } from './runs.ts'
import {
  optionNamed,
  shapingFields,
  shapingOptions,
  withLadderOptions,
  withRecipeOptions,
  type ShapingOptions,
} from './shaping.ts'

export interface TrainOptions extends ShapingOptions {
  study?: string
  name?: string
  corpus?: string[]
  tokenizer?: TokenizerChoice
  family?: string
  budget?: number
  largest?: number
  member?: string[]
  from?: string
  tokens?: number
  seed?: number
  engine?: EngineName | 'auto'
  threads?: number
  systems?: number
  systemWeights?: number
}

/** What only a new study can be given. */
const newStudyFields = ['name', 'corpus', 'tokenizer', 'family', 'budget', 'largest', 'seed', ...shapingFields] as const

export const trainCommand: CommandPart = (program, act) => {
  shapingOptions(
    program
      .command('train')
      .description('train the members of a study; without --study a new one is made')
      .option('--study <study>', 'a study that is there: its id or its name')
      .option('--name <name>', 'what to call the new study')
      .option(
        '--corpus <path...>',
        'texts to learn from (files, folders, .jsonl, .parquet), or a corpus of the lab; else the bundled text',
      )
      .option('--tokenizer <choice>', 'bytes, gpt2 or bpe:N', parseTokenizer)
      .option('--family <name>', 'a family that ships with the lab; else the starter')
      .option('--budget <flops>', 'the ladder that this much training compute pays for, in FLOPs', parseAmount)
      .option('--largest <parameters>', 'the ladder up to a model of this size', parseAmount)
      .option('--member <name...>', 'only these members')
      .option(
        '--from <model>',
        'go on from the weights of a model instead: an imported one, a Hugging Face folder, or a name on the hub',
      )
      .option(
        '--tokens <count>',
        `with --from: tokens to train on, ${defaultContinueTokens.toLocaleString('en-US')} unless told otherwise`,
        parseAmount,
      )
      .option('--seed <number>', 'of the first weights and the order of the text', parseWhole(0, 0xffff_ffff))
      .addOption(
        new Option('--engine <engine>', 'the engine to train on; else the fastest').choices([...engineNames, 'auto']),
      )
      .option('--threads <count>', 'CPU threads; 0 for the physical cores', parseWhole(0, 1024))
      .option(
        '--systems <count>',
        `on an emulated cluster of so many systems, each holding two layers of weights at a time, 1 to ${mostSystems}`,
        parseWhole(1, mostSystems),
      )
      .option(
        '--system-weights <bytes>',
        'with --systems: most bytes of weights that one of them may hold',
        parseAmount,
      ),
  )
    .addHelpText(
      'after',
      `
Examples:
  $ isoflop train                                      the starter ladder on the bundled text
  $ isoflop train --corpus ~/books --largest 1M --tokenizer bpe:2048
  $ isoflop train --study "My study" --member 84.3k
  $ isoflop train --family starter --parametrisation mup --decay wsd-s
  $ isoflop train --from gpt2 --tokens 2M --corpus ~/books
  $ isoflop train --systems 4 --member 137k            weights streamed to four systems, layer by layer
  $ isoflop train --isoflop 4e11,8e11 --sizes 4        the same compute for several sizes

Ctrl+C pauses; isoflop resume goes on.`,
    )
    .action(
      act((context, options: TrainOptions) =>
        withLab(context, async (lab) => {
          if (options.tokens !== undefined && options.from === undefined)
            throw usageError('--tokens goes with --from; a ladder’s tokens follow from --tokens-per-parameter.')
          if (options.systemWeights !== undefined && options.systems === undefined)
            throw usageError('--system-weights goes with --systems.')
          if (options.systems !== undefined && options.from !== undefined)
            throw usageError('--systems trains from random weights; --from goes on from a model. Give one of them.')
          const takeBack = await remember(lab)
          try {
            if (options.from !== undefined) {
              const studyOf = (model: string) =>
                options.study === undefined
                  ? makeStudy(lab, { ...options, name: options.name ?? `${model}, continued` }, context)
                  : oldStudy(lab, options.study, withoutChoices(options))
              const { study, runs } = await continueFrom(lab, options, context, studyOf, (use) =>
                withSettings(lab, { engine: options.engine, threads: options.threads }, use),
              )
              return { document: { studyId: study.id, runs }, text: runsText(runs) }
            }
            const study =
              options.study === undefined
                ? await makeStudy(lab, options, context)
                : await oldStudy(lab, options.study, options)
            const runs = await trainStudy(lab, study, options, context)
            return {
              document: { studyId: study.id, runs },
              text: [runsText(runs), ...runs.flatMap(trafficText)].join('\n'),
            }
          } catch (error) {
            await takeBack()
            throw error
          }
        }),
      ),
    )
}

/** From text to finished runs: waits for corpus and tokens, starts the members, follows them. */
export async function trainStudy(
  lab: LabHost,
  study: Study,
  {
    member,
    engine,
    threads,
    systems,
    systemWeights,
  }: Pick<TrainOptions, 'member' | 'engine' | 'threads' | 'systems' | 'systemWeights'>,
  context: CommandContext,
): Promise<RunSummary[]> {
  const corpus = await corpusReady(lab, study.corpusId, context)
  await tokensReady(lab, corpus, study.tokenizer, context)
  const plans = await lab.planStudy(study.id)
  const enabled = new Set(study.ladder.members.filter(({ isEnabled }) => isEnabled).map(({ id }) => id))
  const chosen = member ? chooseMembers(plans, member) : plans.filter(({ memberId }) => enabled.has(memberId))
  const refused = chosen.find(({ refusal }) => refusal !== null)
  if (refused) throw new Fault('bad-input', `${refused.name} cannot be trained here: ${refused.refusal}`)
  if (chosen.length === 0) throw new Fault('bad-input', 'The study has no members to train.')
  for (const { name, warnings } of chosen) for (const warning of warnings) context.terminal.note(`${name}: ${warning}`)
  context.terminal.progress('Choosing the engine')
  const runs = await withSettings(lab, { engine, threads }, () =>
    lab.startRuns(
      study.id,
      chosen.map(({ memberId }) => memberId),
      ...(systems === undefined
        ? []
        : [{ systems, ...(systemWeights === undefined ? {} : { systemWeightBytes: Math.floor(systemWeights) }) }]),
    ),
  )
  return followRuns(
    lab,
    runs.map(({ id }) => id),
    context,
  )
}

/** What travelled in the last step of a run on a cluster, and what a system held; nothing for the plain trainer. */
function trafficText({ name, systems, streaming }: RunSummary): string[] {
  if (!streaming) return []
  const { bytes, residentWeightBytes, systemWeightBytes, modelBytes, overlap, faults } = streaming
  return [
    `${name} on ${systems} system${systems === 1 ? '' : 's'}, a step: the store sends ${short(bytes.storeOut)}B and receives ${short(bytes.storeIn)}B, the fabric sends ${short(bytes.fabricOut)}B and receives ${short(bytes.fabricIn)}B;` +
      ` a system holds at most ${short(Math.max(...residentWeightBytes))}B of weights (it may hold ${short(systemWeightBytes)}B, the model has ${short(modelBytes)}B);` +
      ` ${Math.round(100 * overlap)} % of the transfers hidden${faults > 0 ? `; ${faults} process${faults === 1 ? '' : 'es'} ended on the way and came back` : ''}`,
  ]
}

/**
 * Sets engine and threads for as long as `use` takes, and puts back what the person had set: a run keeps what it was
 * started with.
 */
export async function withSettings<T>(
  lab: LabHost,
  wanted: { engine?: EngineName | 'auto'; threads?: number },
  use: () => Promise<T>,
): Promise<T> {
  const changes = Object.fromEntries(Object.entries(wanted).filter(([, value]) => value !== undefined))
  if (Object.keys(changes).length === 0) return use()
  const { engine, threads } = await lab.settings()
  await lab.updateSettings(changes)
  try {
    return await use()
  } finally {
    await lab.updateSettings({ engine, threads })
  }
}

/** The way to delete what has been added since where no run came of it: a wish that was refused changes nothing. */
async function remember(lab: LabHost): Promise<() => Promise<void>> {
  const known = new Set([...(await lab.listStudies()), ...(await lab.listCorpora())].map(({ id }) => id))
  return async () => {
    const used = new Set((await lab.listRuns(null)).map(({ studyId }) => studyId))
    const kept: string[] = []
    for (const { id, corpusId } of await lab.listStudies()) {
      if (known.has(id) || used.has(id)) kept.push(corpusId)
      else await lab.deleteStudy(id)
    }
    for (const { id, origin } of await lab.listCorpora()) {
      if (!known.has(id) && origin !== 'bundled' && !kept.includes(id)) await lab.deleteCorpus(id)
    }
  }
}

async function makeStudy(lab: LabHost, options: TrainOptions, context: CommandContext): Promise<Study> {
  const dials = (['family', 'budget', 'largest'] as const).filter((name) => options[name] !== undefined)
  if (dials.length > 1) throw usageError(`--${dials[0]} and --${dials[1]} each make a ladder; give one of them.`)
  // A grid alone is no ladder beside another, but the starter's recipe and tokenizer are as good for it.
  const isGrid = dials.length === 0 && options.isoflop !== undefined
  const parts =
    options.budget === undefined && options.largest === undefined ? studyPartsOf(options.family ?? starterPreset) : null
  const recipe = withRecipeOptions(parts?.recipe ?? defaultRecipe, options)
  const tokenizer = options.tokenizer ?? parts?.tokenizer ?? { kind: 'bpe', vocabulary: 512 }
  const dial: Dial =
    options.budget === undefined
      ? { kind: 'largest', parameters: options.largest! }
      : { kind: 'compute', flops: options.budget }
  const basis = { recipe, vocabulary: vocabularyOf(tokenizer) }
  const ladder = withLadderOptions(
    isGrid ? null : (parts?.ladder ?? ladderWithin(dial, recipe, basis.vocabulary)),
    options,
    basis,
  )
  if (options.member) chooseMembers(ladder.members, options.member)
  const corpusId = options.corpus ? await corpusOf(lab, options.corpus, context) : undefined
  const study = await lab.createStudy(options.name ?? (options.corpus ? corpusName(options.corpus) : 'Command line'))
  return lab.updateStudy(study.id, { recipe, tokenizer, ladder, ...(corpusId === undefined ? {} : { corpusId }) })
}

async function oldStudy(lab: LabHost, wanted: string, options: TrainOptions): Promise<Study> {
  const shaping = newStudyFields.find((name) => options[name] !== undefined)
  if (shaping)
    throw usageError(
      `${optionNamed(shaping)} shapes a new study, and --study names one that is there; give one of them.`,
    )
  return findStudy(lab, wanted)
}

/** A corpus of the lab by name or id, or one read from the paths. */
async function corpusOf(lab: LabHost, named: string[], context: CommandContext): Promise<string> {
  if (named.length === 1) {
    const known = await corpusNamed(lab, named[0])
    if (known) return known.id
  }
  for (const path of named) {
    if (!(await exists(resolve(path))))
      throw new Fault(
        'not-found',
        `corpus: there is no file, folder or corpus called ${path}. \`isoflop corpus list\` lists the corpora.`,
      )
  }
  const added = await lab.addCorpus(
    named.map((path) => resolve(path)),
    corpusName(named),
  )
  return (await corpusReady(lab, added.id, context)).id
}

function chooseMembers<T extends Pick<MemberPlan, 'name'> & { memberId?: string; id?: string }>(
  members: readonly T[],
  wanted: readonly string[],
): T[] {
  for (const name of wanted) {
    if (!members.some((member) => member.name === name || (member.memberId ?? member.id) === name)) {
      throw new Fault(
        'not-found',
        `member: there is none called "${name}". There are: ${members.map((member) => member.name).join(', ')}.`,
      )
    }
  }
  return members.filter((member) => wanted.includes(member.name) || wanted.includes((member.memberId ?? member.id)!))
}
