// `isoflop train`: a study, new or old, from text to finished runs.
import { exactly } from '#shared/numbers.ts'
import { mostProcesses, mostSeeds } from '#shared/bounds.ts'
import { mostSystems } from '#shared/cluster/live.ts'
import { Fault } from '#shared/fault.ts'
import type { PlaceChoice, Submission } from '#shared/place.ts'
import type { RunSummary, StartChoices } from '#shared/run.ts'
import type { Study } from '#shared/study.ts'
import type { LabHost } from '#main/lab/lab.ts'
import { parseAmount, parseShape, parseTokenizer, parseWhole, short, table } from './amounts.ts'
import { continueFrom, defaultContinueTokens, withoutChoices } from './continue.ts'
import { engineOptions, refuseAbsentEngine, withSettings } from './engine.ts'
import { followRuns } from './follow.ts'
import { corpusReady, tokensReady, withLab } from './lab.ts'
import { makeStudy, membersMeant, oldStudy, remember, type TrainOptions } from './new-study.ts'
import { usageError, type CommandContext, type CommandPart } from './program.ts'
import { runsText } from './runs.ts'
import { shapingOptions } from './shaping.ts'
import { predictionsText, tookText, torchOf } from './torch.ts'

export const trainCommand: CommandPart = (program, act) => {
  const command = program.command('train')
  shapingOptions(
    command
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
      .option('--shape <layers,width,heads>', 'one model of this shape instead of a ladder', parseShape)
      .option('--member <name...>', 'only these members')
      .option(
        '--from <model>',
        'go on from the weights of a model instead: an imported one, a Hugging Face folder, or a name on the hub',
      )
      .option(
        '--tokens <count>',
        `with --from: tokens to train on, ${exactly(defaultContinueTokens)} unless told otherwise`,
        parseAmount,
      )
      .option('--seed <number>', 'of the first weights and the order of the text', parseWhole(0, 0xffff_ffff))
      .option(
        '--seeds <count>',
        'trainings of each member with seeds in turn; finished ones are not trained again. Their spread is the noise of the law',
        parseWhole(1, mostSeeds),
      )
      .option(
        '--systems <count>',
        `on an emulated cluster of so many systems, each holding two layers of weights at a time, 1 to ${mostSystems}`,
        parseWhole(1, mostSystems),
      )
      .option(
        '--system-weights <bytes>',
        'with --systems: most bytes of weights that one of them may hold',
        parseAmount,
      )
      .option('--on <cluster>', 'on a Slurm cluster, as one job array; `isoflop cluster` knows them')
      .option('--at-once <count>', 'with --on: most runs that train at once', parseWhole(1, 1000))
      .option(
        '--gpus <count>',
        'with --on: each run by so many GPUs together, by PyTorch (DDP or FSDP2); the cluster needs a Python that has it',
        parseWhole(1, mostProcesses),
      )
      .option(
        '--gpus-per-node <count>',
        'with --gpus: GPUs of a node, 8 at most unless told otherwise',
        parseWhole(1, 64),
      )
      .option(
        '--processes <count>',
        'with --on: the same on CPUs, by so many processes of PyTorch on a node',
        parseWhole(1, mostProcesses),
      )
      .option('--dry-run', 'with --on: print what would be sent, and send nothing'),
  )
  engineOptions(command)
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
  $ isoflop train --shape 4,64,4 --seed 1              one model, as the page of a run repeats it
  $ isoflop train --study "My study" --seeds 3         each member three times: error bars
  $ isoflop train --isoflop 4e11,8e11 --sizes 4        the same compute for several sizes
  $ isoflop train --on tetralith --at-once 8           the ladder as a job array of a Slurm cluster
  $ isoflop train --on berzelius --gpus 8 --shape 24,2048,16   a large member, by PyTorch on eight GPUs

Ctrl+C pauses; isoflop resume continues it.`,
    )
    .action(
      act((context, options: TrainOptions) =>
        withLab(context, async (lab) => {
          if (options.tokens !== undefined && options.from === undefined)
            throw usageError('--tokens goes with --from; a ladder’s tokens follow from --tokens-per-parameter.')
          if (options.seeds !== undefined && options.from !== undefined)
            throw usageError(
              '--seeds repeats the members of a ladder; --from continues from one model. Give one of them.',
            )
          if (options.systemWeights !== undefined && options.systems === undefined)
            throw usageError('--system-weights goes with --systems.')
          if (options.systems !== undefined && options.from !== undefined)
            throw usageError('--systems trains from random weights; --from continues from a model. Give one of them.')
          refuseMixed(options)
          if (options.on === undefined) await refuseAbsentEngine(lab, options, context)
          const takeBack = await remember(lab)
          try {
            if (options.from !== undefined) {
              const studyOf = (model: string) =>
                options.study === undefined
                  ? makeStudy(lab, { ...options, name: options.name ?? `${model}, continued` }, context)
                  : oldStudy(lab, options.study, withoutChoices(options))
              const { study, runs } = await continueFrom(lab, options, context, studyOf, (use) =>
                withSettings(lab, { engine: options.engine, threads: options.threads }, context, use),
              )
              return { document: { studyId: study.id, runs }, text: runsText(runs) }
            }
            const study =
              options.study === undefined
                ? await makeStudy(lab, options, context)
                : await oldStudy(lab, options.study, options)
            if (options.dryRun) {
              const submission = await preview(lab, study, options, context)
              await takeBack()
              return { document: submission, text: submissionText(submission) }
            }
            const runs = await trainStudy(lab, study, options, context)
            return {
              document: { studyId: study.id, runs },
              text: [runsText(runs), ...runs.flatMap(trafficText), ...runs.flatMap(tookText)].join('\n'),
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
  options: Pick<
    TrainOptions,
    'member' | 'engine' | 'threads' | 'seeds' | 'systems' | 'systemWeights' | 'on' | keyof PlaceOptions
  >,
  context: CommandContext,
): Promise<RunSummary[]> {
  const memberIds = await membersToTrain(lab, study, options, context)
  const { engine, threads, seeds, systems, systemWeights, on } = options
  if (on === undefined) context.terminal.progress('Choosing the engine')
  const choices: StartChoices = {
    ...(seeds === undefined ? {} : { seeds }),
    ...(systems === undefined ? {} : { systems }),
    ...(systemWeights === undefined ? {} : { systemWeightBytes: Math.floor(systemWeights) }),
    ...(on === undefined ? {} : placeOf(on, options)),
  }
  const runs = await withSettings(lab, { engine, threads }, context, () => lab.startRuns(study.id, memberIds, choices))
  return followRuns(
    lab,
    runs.map(({ id }) => id),
    context,
  )
}

/** Ids of the members that the options mean, once text and tokens are there. */
async function membersToTrain(
  lab: LabHost,
  study: Study,
  { member, on }: Pick<TrainOptions, 'member' | 'on'>,
  context: CommandContext,
): Promise<string[]> {
  const corpus = await corpusReady(lab, study.corpusId, context)
  await tokensReady(lab, corpus, study.tokenizer, context)
  const plans = await lab.planStudy(study.id)
  const chosen = membersMeant(plans, study.ladder, member)
  const refused = chosen.find(({ refusal }) => refusal !== null)
  if (refused && on === undefined)
    throw new Fault('bad-input', `${refused.name} cannot be trained here: ${refused.refusal}`)
  if (chosen.length === 0) throw new Fault('bad-input', 'The study has no members to train.')
  for (const { name, warnings } of chosen) for (const warning of warnings) context.terminal.note(`${name}: ${warning}`)
  return chosen.map(({ memberId }) => memberId)
}

type PlaceOptions = Pick<TrainOptions, 'atOnce' | 'seeds' | 'gpus' | 'gpusPerNode' | 'processes'>

const placeOf = (on: string, { atOnce, seeds, ...options }: PlaceOptions): PlaceChoice => {
  const torch = torchOf(options)
  return {
    on,
    ...(seeds === undefined ? {} : { seeds }),
    ...(atOnce === undefined ? {} : { atOnce }),
    ...(torch ? { torch } : {}),
  }
}

const preview = async (lab: LabHost, study: Study, options: TrainOptions, context: CommandContext) =>
  lab.previewSubmission(study.id, await membersToTrain(lab, study, options, context), placeOf(options.on!, options))

const submissionText = ({ script, command, files, predictions }: Submission): string =>
  [
    script,
    ...(predictions ? [`${predictionsText(predictions)}\n`] : []),
    table(
      ['file', 'bytes'],
      files.map(({ path, bytes }) => [path, short(bytes)]),
    ),
    `\nOn the cluster:  ${command}\nNothing was sent.`,
  ].join('\n')

function refuseMixed(options: TrainOptions): void {
  const { on, atOnce, dryRun, systems, from, engine, threads, gpus, gpusPerNode, processes } = options
  if (on === undefined && (atOnce !== undefined || dryRun)) throw usageError('--at-once and --dry-run go with --on.')
  if (on === undefined && (gpus ?? gpusPerNode ?? processes) !== undefined)
    throw usageError(
      '--gpus and --processes go with --on; `isoflop hand-over` writes runs that people start themselves.',
    )
  if (gpus === undefined && gpusPerNode !== undefined) throw usageError('--gpus-per-node goes with --gpus.')
  if (gpus !== undefined && processes !== undefined)
    throw usageError('--gpus trains on GPUs, --processes on CPUs. Give one of them.')
  if (on === undefined) return
  if (systems !== undefined)
    throw usageError('--systems emulates a cluster on this computer; --on is a real one. Give one of them.')
  if (from !== undefined) throw usageError('--from continues from a model on this computer; --on does not take it.')
  if (engine !== undefined || threads !== undefined)
    throw usageError('With --on, engine and threads are the cluster’s: `isoflop cluster add` sets --engine and --cpus.')
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
