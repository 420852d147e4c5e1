// Everything that a table of runs can show: what they are, every field of their recipe, where they ran, how they went.
import type { Recipe } from '../family/recipe.ts'
import { initStdRule } from '../family/rules.ts'
import { inNats, type LossFactor, lossTimes } from '../loss-unit.ts'
import type { RunPlan, RunSummary } from '../run.ts'
import type { Column, Value } from './column.ts'

export interface RunRow {
  run: RunSummary
  /** null while it is not read yet. */
  plan: RunPlan | null
  /** Name of its study. */
  study: string
  /** The run's own, and its study's. */
  tags: readonly string[]
  studyTags: readonly string[]
  note: string
  /** Of its losses; absent: nats per token. Null where nobody knows it. */
  factor?: LossFactor | null
}

export type RunColumn = Column<RunRow>

/** In the words of papers; a field that is missing here does not compile. */
export const recipeTitles: Record<keyof Recipe, string> = {
  tokensPerParameter: 'Tokens/param (recipe)',
  countedParameters: 'Counted parameters',
  flopsConvention: 'FLOP convention',
  activation: 'Activation',
  parametrisation: 'Parametrization',
  mupBaseWidth: 'µP base width',
  mupEmbeddingScale: 'µP embedding scale',
  mupOutputScale: 'µP output scale',
  context: 'Context length',
  batchTokens: 'Batch size (tokens)',
  peakLearningRate: 'Peak learning rate',
  batchTokensLaw: 'Law of the batch size',
  peakLearningRateLaw: 'Law of the peak learning rate',
  warmupFraction: 'Warmup fraction',
  decay: 'Decay',
  finalFraction: 'Min LR / peak LR',
  beta1: 'Adam β1',
  beta2: 'Adam β2',
  epsilon: 'Adam ε',
  weightDecay: 'Weight decay',
  clipNorm: 'Gradient clipping',
  initStd: 'Init std',
  seed: 'Seed',
  precision: 'Precision',
}

const recipeAliases: Partial<Record<keyof Recipe, string[]>> = {
  peakLearningRate: ['lr', 'learning-rate'],
  batchTokens: ['batch', 'batch-size'],
  warmupFraction: ['warmup'],
  clipNorm: ['clip'],
  parametrisation: ['parametrization'],
}

/** What the member's plan made of a field that the recipe leaves to a rule, or that a published member overrides. */
const planned = ({ member, recipe }: RunPlan): Partial<Recipe> => ({
  batchTokens: member.batchSequences * member.shape.context,
  peakLearningRate: member.peakLearningRate,
  decay: member.decay ?? recipe.decay,
  finalFraction: member.finalFraction ?? recipe.finalFraction,
  epsilon: member.epsilon ?? recipe.epsilon,
  context: member.shape.context,
  initStd: recipe.initStd ?? initStdRule(recipe, member.shape.width),
})

const textFields = [
  'batchTokensLaw',
  'peakLearningRateLaw',
  'countedParameters',
  'flopsConvention',
  'activation',
  'parametrisation',
  'decay',
  'precision',
]

const recipeColumns = (Object.keys(recipeTitles) as (keyof Recipe)[])
  .filter((field) => field !== 'seed')
  .map((field): RunColumn => {
    const aliases = recipeAliases[field]
    return {
      key: field === 'tokensPerParameter' ? 'recipeTokensPerParameter' : field,
      title: recipeTitles[field],
      kind: textFields.includes(field) ? 'text' : 'number',
      of: ({ plan }) => (plan ? (planned(plan)[field] ?? plan.recipe[field] ?? null) : null),
      ...(aliases ? { aliases } : {}),
    }
  })

const number = (key: string, title: string, of: (row: RunRow) => Value, ...aliases: string[]): RunColumn => ({
  key,
  title,
  kind: 'number',
  of,
  aliases,
})
const text = (key: string, title: string, of: (row: RunRow) => Value, ...aliases: string[]): RunColumn => ({
  key,
  title,
  kind: 'text',
  of,
  aliases,
})

/** This computer, the emulated cluster with its systems, or the cluster by its name. */
export const placeOf = ({ systems, place }: Pick<RunSummary, 'systems' | 'place'>): string =>
  place ? place.name : systems === undefined ? 'this computer' : `emulated cluster ×${systems}`

/** What trained it: an engine of the lab, or PyTorch with so many processes. */
export const engineOf = ({ engine, torch }: Pick<RunSummary, 'engine' | 'torch'>): string =>
  torch ? `PyTorch ×${torch.processes}` : engine

/** Tokens of the whole plan per counted parameter. */
const ratioOf = ({ run, plan }: RunRow): number | null =>
  plan ? plan.member.tokens / (run.countedParameters ?? run.parameters) : null

/** Columns that hold a loss. */
export const lossColumns: readonly string[] = ['loss', 'validation', 'bestValidation']

const lossOf =
  (split: keyof LossFactor, field: 'loss' | 'validationLoss' | 'bestValidationLoss') =>
  ({ run, factor = inNats }: RunRow): number | null =>
    lossTimes(run[field], factor && factor[split])

/** Every column in the order in which they stand. */
export const runColumns: readonly RunColumn[] = [
  text('name', 'Name', ({ run }) => run.name, 'member'),
  text('study', 'Study', ({ study }) => study),
  number('n', 'N', ({ run }) => run.parameters, 'parameters', 'params'),
  number('d', 'D', ({ plan }) => plan?.member.tokens ?? null, 'tokens'),
  number('tokensPerParam', 'Tokens/param', ratioOf, 'tokens/param', 'tokensPerParameter', 'd/n'),
  number('flops', 'FLOPs', ({ run }) => run.flops, 'c', 'compute', 'budget'),
  number('seed', 'Seed', ({ run, plan }) => run.seed ?? plan?.seed ?? null),
  number('loss', 'Train loss', lossOf('training', 'loss'), 'train', 'train-loss'),
  number('validation', 'Validation loss', lossOf('validation', 'validationLoss'), 'val', 'validation-loss', 'val-loss'),
  number('bestValidation', 'Best validation loss', lossOf('validation', 'bestValidationLoss'), 'best'),
  text('engine', 'Engine', ({ run }) => engineOf(run)),
  text('place', 'Place', ({ run }) => placeOf(run)),
  text('state', 'State', ({ run }) => run.state),
  number('noise', 'Noise scale (tokens)', ({ run }) => run.noise?.tokens ?? null, 'tokens'),
  number('speed', 'Tokens/s', ({ run }) => run.tokensPerSecond, 'tokens/s'),
  number('time', 'Time', ({ run }) => run.elapsedMs / 1000, 'seconds'),
  number('step', 'Step', ({ run }) => run.step),
  number('steps', 'Steps', ({ run }) => run.steps),
  { key: 'tag', title: 'Tags', kind: 'list', of: ({ tags }) => tags, aliases: ['tags'] },
  { key: 'studyTag', title: 'Study tags', kind: 'list', of: ({ studyTags }) => studyTags },
  text('note', 'Note', ({ note }) => note || null, 'notes'),
  text('device', 'Device', ({ run }) => run.device),
  number('layers', 'Layers', ({ plan }) => plan?.member.shape.layers ?? null),
  number('width', 'Width', ({ plan }) => plan?.member.shape.width ?? null),
  number('heads', 'Heads', ({ plan }) => plan?.member.shape.heads ?? null),
  ...recipeColumns,
]

/** Shown until a person chooses others. */
export const usualColumns = [
  ...['name', 'n', 'd', 'tokensPerParam', 'flops', 'peakLearningRate', 'batchTokens', 'seed'],
  ...['loss', 'validation', 'place', 'state', 'speed', 'time', 'tag'],
]
