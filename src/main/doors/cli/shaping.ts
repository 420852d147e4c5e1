// The options that shape a family: its recipe, and members off the compute-optimal line. `plan` and `train` take the
// same ones.
import { InvalidArgumentError, Option, type Command } from 'commander'
import { highestLearningRate, mostBatchTokens } from '#shared/bounds.ts'
import { isoflopMembers, usualGrid, withFixedTokens, withMembers } from '#shared/family/additions.ts'
import { precisions } from '#shared/engine.ts'
import type { Ladder } from '#shared/family/ladder.ts'
import { memberName } from '#shared/family/names.ts'
import { withoutSchedules, type PlanBasis } from '#shared/family/plan.ts'
import { parsePowerRule, powerRuleText } from '#shared/family/power-rule.ts'
import type { studyPartsOf } from '#shared/family/presets.ts'
import type { Recipe } from '#shared/family/recipe.ts'
import { changedRecipe } from '#shared/family/rules.ts'
import { parseAmount, parseNumber, parseWhole } from './amounts.ts'
import { usageError } from './program.ts'

export interface LadderOptions {
  fixedTokens?: number
  isoflop?: number[]
  sizes?: number
  span?: number
}

export type ShapingOptions = RecipeOptions & LadderOptions

/** Options are named as the recipe's fields, so that what is given can be laid over it. */
const recipeFields = [
  'context',
  'tokensPerParameter',
  'batchTokens',
  'peakLearningRate',
  'batchTokensLaw',
  'peakLearningRateLaw',
  'warmupFraction',
  'decay',
  'finalFraction',
  'parametrisation',
  'mupBaseWidth',
  'mupEmbeddingScale',
  'mupOutputScale',
  'activation',
  'weightDecay',
  'clipNorm',
  'initStd',
  'beta1',
  'beta2',
  'epsilon',
  'precision',
  'countedParameters',
  'flopsConvention',
] as const satisfies (keyof Recipe)[]

export type RecipeOptions = { [Field in (typeof recipeFields)[number]]?: NonNullable<Recipe[Field]> }

/** What a published schedule fixes: whoever asks for another has the recipe decide. */
const scheduleFields = [
  'tokensPerParameter',
  'batchTokens',
  'peakLearningRate',
  'batchTokensLaw',
  'peakLearningRateLaw',
  'warmupFraction',
  'decay',
  'finalFraction',
] as const

/** The names of all that shapes a study, as they stand in the options. */
export const shapingFields = [
  ...recipeFields,
  'fixedTokens',
  'isoflop',
  'sizes',
  'span',
] as const satisfies (keyof ShapingOptions)[]

export const shapingOptions = (command: Command): Command =>
  command
    .option('--context <tokens>', 'tokens per sequence', parseWhole(2, 65_536))
    .option(
      '--tokens-per-parameter <number>',
      'training tokens for each parameter, 20 by Chinchilla',
      within(parseAmount, 0.01, 10_000),
    )
    .option('--batch-tokens <tokens>', 'tokens per step; else by rule', parseWhole(1, mostBatchTokens))
    .option('--peak-learning-rate <rate>', 'else by rule', within(parseAmount, 1e-9, highestLearningRate))
    .option('--batch-tokens-law <law>', 'by which each member gets its batch, as sweeps find it', parseLaw)
    .option(
      '--peak-learning-rate-law <law>',
      'the same of its rate, such as "1.79 N^-0.713 D^0.307": N parameters, D tokens',
      parseLaw,
    )
    .option('--warmup-fraction <share>', 'share of the tokens over which the learning rate rises', parseNumber(0, 1))
    .addOption(
      new Option(
        '--decay <shape>',
        'how the learning rate falls; wsd-s runs to twice the tokens and gives three points of the law from one run',
      ).choices(['linear', 'cosine', 'wsd', 'wsd-s', 'constant']),
    )
    .option('--final-fraction <share>', 'of the peak, where the decay ends', parseNumber(0, 1))
    .addOption(
      new Option('--parametrisation <name>', 'muP keeps one learning rate for all widths').choices(['standard', 'mup']),
    )
    .option('--mup-base-width <width>', 'muP: the width whose rates hold', parseWhole(1, 65_536))
    .option(
      '--mup-embedding-scale <number>',
      'muP: of the embeddings, 10 unless told otherwise',
      within(parseAmount, 1e-4, 1e4),
    )
    .option(
      '--mup-output-scale <number>',
      'muP: of the logits, 1 unless told otherwise',
      within(parseAmount, 1e-4, 1e4),
    )
    .addOption(new Option('--activation <name>', 'gelu (erf) or gelu_new (tanh)').choices(['gelu', 'gelu_new']))
    .addOption(
      new Option(
        '--precision <name>',
        'of products and activations: fp32, or bf16 with the engines native and cuda',
      ).choices([...precisions]),
    )
    .option('--weight-decay <number>', 'of embeddings and matrices, never of biases and norms', parseNumber(0, 10))
    .option('--clip-norm <norm>', 'longer gradients are scaled down to it', within(parseAmount, 1e-6, 1e6))
    .option('--init-std <number>', 'of the first weights', within(parseAmount, 1e-9, 10))
    .option('--beta1 <number>', 'Adam: memory of the mean gradient', parseNumber(0, 0.999999))
    .option('--beta2 <number>', 'Adam: memory of its square', parseNumber(0, 0.999999))
    .option('--epsilon <number>', 'Adam: added to the root of the square', within(parseAmount, 1e-30, 1))
    .addOption(
      new Option('--counted-parameters <which>', 'what tokens per parameter counts').choices([
        'all',
        'without-embeddings',
        'blocks-and-head',
      ]),
    )
    .addOption(
      new Option('--flops-convention <name>', 'how FLOPs are counted').choices([
        'sixNd',
        'palm',
        'hoffmann',
        'cerebras',
      ]),
    )
    .option(
      '--fixed-tokens <tokens>',
      'every member on as many tokens, as Pythia: small ones over-trained, large ones under-trained',
      within(parseAmount, 1, 1e15),
    )
    .option(
      '--isoflop <budgets>',
      'several sizes at each of these budgets, such as 1e12,4e12; alone, or beside a ladder',
      budgets,
    )
    .option('--sizes <count>', `members at each budget of --isoflop (${usualGrid.sizes})`, parseWhole(3, 50))
    .option(
      '--span <times>',
      `how far they reach below and above the size that the ratio gives (${usualGrid.span})`,
      parseNumber(1.1, 100),
    )

/** The recipe with what was asked for by name; a choice that would change nothing is refused. */
export function withRecipeOptions(recipe: Recipe, options: RecipeOptions & { seed?: number }): Recipe {
  const changes = [...recipeFields, 'seed' as const].flatMap((field) =>
    options[field] === undefined ? [] : [[field, options[field]]],
  )
  const changed = changedRecipe(recipe, Object.fromEntries(changes))
  if (options.mupBaseWidth !== undefined && changed.parametrisation !== 'mup')
    throw usageError('--mup-base-width says at which width muP was tuned; it goes with --parametrisation mup.')
  if (changed.batchTokens !== null && changed.batchTokens < changed.context) {
    throw usageError(
      `--batch-tokens ${changed.batchTokens} holds no whole sequence; with a context of ${changed.context} tokens it must be ${changed.context} or more.`,
    )
  }
  return changed
}

/**
 * A preset's ladder under another vocabulary or context: members that are called after their size are called after the
 * size they have there.
 */
export const presetLadder = ({ ladder }: ReturnType<typeof studyPartsOf>, basis: PlanBasis): Ladder => ({
  ...ladder,
  members: ladder.members.map((member) => ({ ...member, name: memberName(member, basis) })),
})

/** The ladder as the options want it; null for one makes the grid alone. */
export function withLadderOptions(ladder: Ladder | null, options: ShapingOptions, basis: PlanBasis): Ladder {
  const { fixedTokens, isoflop, sizes, span } = options
  const aim = (['sizes', 'span'] as const).find((name) => options[name] !== undefined)
  if (aim && !isoflop) throw usageError(`--${aim} shapes the grid of --isoflop; give that too.`)
  if (fixedTokens !== undefined && !ladder)
    throw usageError(
      '--fixed-tokens gives the members of a ladder their tokens; say which one: --family, --budget or --largest.',
    )
  let shaped = ladder
  if (shaped && scheduleFields.some((field) => options[field] !== undefined))
    shaped = { ...shaped, members: withoutSchedules(shaped.members) }
  if (shaped && fixedTokens !== undefined) shaped = withFixedTokens(shaped, fixedTokens, basis)
  if (!isoflop) return shaped!
  const grid = isoflopMembers(
    { budgets: isoflop, sizes: sizes ?? usualGrid.sizes, span: span ?? usualGrid.span },
    basis,
  )
  return withMembers(
    shaped ?? {
      dial: { kind: 'compute', flops: isoflop.reduce((sum, one) => sum + one, 0) * (sizes ?? usualGrid.sizes) },
      members: [],
    },
    grid,
  )
}

function budgets(text: string): number[] {
  const all = text.split(',').map(parseAmount)
  if (all.length > 20) throw new InvalidArgumentError('At most 20 budgets.')
  return all
}

function parseLaw(text: string): string {
  const rule = parsePowerRule(text)
  if (!rule) throw new InvalidArgumentError('Write it as 1.79 N^-0.713 D^0.307; N or D may be left out.')
  return powerRuleText(rule)
}

function within(parse: (text: string) => number, smallest: number, largest: number): (text: string) => number {
  return (text) => {
    const value = parse(text)
    if (value < smallest || value > largest)
      throw new InvalidArgumentError(`It must be a number from ${smallest} to ${largest}.`)
    return value
  }
}
