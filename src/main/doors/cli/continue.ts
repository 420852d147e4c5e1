// `isoflop train --from`: a run whose first weights are a model's instead of random ones.
import { resolve } from 'node:path'
import { Fault } from '#shared/fault.ts'
import type { ImportedModel } from '#shared/model.ts'
import type { RunSummary } from '#shared/run.ts'
import type { Study } from '#shared/study.ts'
import { optionNamed } from '#shared/repeat-run.ts'
import { exists } from '#main/platform/disk/files.ts'
import type { LabHost } from '#main/lab/lab.ts'
import { followRuns } from './follow.ts'
import { findModel } from './find.ts'
import { corpusReady } from './lab.ts'
import { originOf, takeModel } from './models.ts'
import { usageError, type CommandContext } from './program.ts'

export interface ContinueOptions {
  from?: string
  tokens?: number
  context?: number
  peakLearningRate?: number
}

/** What a model brings along, and what shapes a ladder: neither can be asked for beside it. */
const shapingOptions = [
  'tokenizer',
  'family',
  'budget',
  'largest',
  'member',
  'isoflop',
  'fixedTokens',
  'sizes',
  'span',
  'tokensPerParameter',
  'parametrisation',
  'mupBaseWidth',
  'activation',
  'initStd',
] as const

export const defaultContinueTokens = 1_000_000

/** What is the run's own and would shape a study elsewhere. */
export const withoutChoices = <T extends object>(options: T): T => ({
  ...options,
  context: undefined,
  peakLearningRate: undefined,
})

/** The model of the lab that is called so, or what a folder or the hub has, taken over where it is not here yet. */
async function modelOf(lab: LabHost, wanted: string, context: CommandContext): Promise<ImportedModel> {
  const named = (await lab.listModels()).filter(
    ({ id, name, state }) => state === 'finished' && (id === wanted || name === wanted),
  )
  const folder = resolve(wanted)
  const isHere = wanted.trim() !== '' && (await exists(folder))
  const comesFromHere = named.some(({ origin }) => origin.kind === 'folder' && origin.path === folder)
  if (named.length > 0 && isHere && !comesFromHere && named[0].id !== wanted)
    throw new Fault(
      'bad-input',
      `--from ${wanted} could mean the model of the lab or the folder ${folder}. Give the model's id, ${named[0].id}, or ./${wanted}.`,
    )
  // The weights in a folder may be others than those that were taken over from it.
  return named.length > 0 && (named[0].id === wanted || !isHere)
    ? findModel(lab, wanted)
    : (await takeModel(lab, await originOf(wanted), null, context)).model
}

/** Takes the model over where it has not been imported yet, makes or finds the study, queues the run and follows it. */
export async function continueFrom(
  lab: LabHost,
  options: ContinueOptions & Partial<Record<(typeof shapingOptions)[number], unknown>>,
  context: CommandContext,
  studyOf: (modelName: string) => Promise<Study>,
  withEngine: (use: () => Promise<RunSummary>) => Promise<RunSummary>,
): Promise<{ study: Study; runs: RunSummary[] }> {
  const shaping = shapingOptions.find((name) => options[name] !== undefined)
  if (shaping)
    throw usageError(
      `${optionNamed(shaping)} shapes fresh models; with --from the model brings its own shape and tokenizer.`,
    )
  const wanted = options.from!
  const model = await modelOf(lab, wanted, context)
  const study = await studyOf(model.name)
  await corpusReady(lab, study.corpusId, context)
  const choices = {
    tokens: options.tokens ?? defaultContinueTokens,
    peakLearningRate: options.peakLearningRate ?? null,
    context: options.context ?? null,
  }
  const run = await withEngine(() => lab.continueModel(study.id, model.id, choices))
  return { study, runs: await followRuns(lab, [run.id], context) }
}
