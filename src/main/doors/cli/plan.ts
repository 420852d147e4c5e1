// `isoflop plan`: what a family would take, before anything runs.
import { optionNamed } from '#shared/repeat-run.ts'
import { Fault } from '#shared/fault.ts'
import { flopsConventionNames } from '#shared/family/counting.ts'
import { ladderFromDial, largestParameters, smallestParameters } from '#shared/family/dial.ts'
import type { Dial, Ladder, MemberPlan } from '#shared/family/ladder.ts'
import { parametrisation } from '#shared/family/parametrisation.ts'
import { planLadder } from '#shared/family/plan.ts'
import { findPreset, studyPartsOf } from '#shared/family/presets.ts'
import { tokensStretch } from '#shared/family/schedule.ts'
import { defaultRecipe, type Recipe } from '#shared/family/recipe.ts'
import { isAtRatio } from '#shared/family/additions.ts'
import { ratioText } from '#shared/family/names.ts'
import type { TokenizerChoice } from '#shared/tokenizer/choice.ts'
import { vocabularyOf } from '#shared/tokenizer/vocabulary.ts'
import { rounded } from '#shared/numbers.ts'
import { duration, flopsText, parseAmount, parseTokenizer, short, table } from './amounts.ts'
import { findStudy } from './find.ts'
import { readLab } from './lab.ts'
import { usageError, type Answer, type CommandContext, type CommandPart } from './program.ts'
import {
  presetLadder,
  shapingFields,
  shapingOptions,
  withLadderOptions,
  withRecipeOptions,
  type ShapingOptions,
} from './shaping.ts'

interface PlanOptions extends ShapingOptions {
  family?: string
  budget?: number
  largest?: number
  study?: string
  tokenizer?: TokenizerChoice
}

const defaultTokenizer: TokenizerChoice = { kind: 'bpe', vocabulary: 512 }

export const planCommand: CommandPart = (program, act) => {
  shapingOptions(
    program
      .command('plan')
      .description('work out parameters, tokens, steps and FLOPs of every member of a family')
      .option('--family <name>', 'a family that ships with the lab: starter, cerebras-gpt, pythia, ...')
      .option('--budget <flops>', 'the ladder that this much training compute pays for, in FLOPs', parseAmount)
      .option('--largest <parameters>', 'the ladder up to a model of this size', parseAmount)
      .option('--study <study>', 'the ladder of a study, with memory and time on this machine')
      .option('--tokenizer <choice>', 'bytes, gpt2 or bpe:N; sets the vocabulary', parseTokenizer),
  )
    .addHelpText(
      'after',
      `
Examples:
  $ isoflop plan --family cerebras-gpt --json
  $ isoflop plan --budget 1e15 --tokenizer bpe:1024 --decay wsd-s
  $ isoflop plan --family pythia --fixed-tokens 300e9
  $ isoflop plan --isoflop 1e12,4e12,1.6e13`,
    )
    .action(act(plan))
}

async function plan(context: CommandContext, options: PlanOptions): Promise<Answer> {
  const asked = (['family', 'budget', 'largest', 'study'] as const).filter((name) => options[name] !== undefined)
  if (asked.length > 1 || (asked.length === 0 && !options.isoflop)) {
    throw usageError(
      `Say which family to plan: one of --family, --budget, --largest or --study (or --isoflop alone)${asked.length > 1 ? `, not ${asked.map((name) => `--${name}`).join(' and ')}` : ''}.`,
    )
  }
  if (options.study !== undefined) {
    const shaping = (['tokenizer', ...shapingFields] as const).find((name) => options[name] !== undefined)
    if (shaping)
      throw usageError(
        `${optionNamed(shaping)} shapes a new plan, and --study names one that is there; give one of them.`,
      )
    return planOfStudy(context, options.study)
  }
  const { members, recipe } = planOf(options)
  return {
    document: { members: members.map((member) => planDocument(member, recipe)) },
    text: planText(members, recipe),
  }
}

/** A plan without a lab: pure arithmetic, the same as the window's. */
function planOf({ family, budget, largest, tokenizer, ...options }: PlanOptions): {
  members: MemberPlan[]
  recipe: Recipe
} {
  const parts = family === undefined ? null : studyPartsOf(family)
  const recipe = withRecipeOptions(parts?.recipe ?? defaultRecipe, options)
  const basis = {
    recipe,
    vocabulary: vocabularyOf(
      tokenizer ??
        parts?.tokenizer ??
        (family !== undefined && findPreset(family).kind === 'published' ? { kind: 'gpt2' } : defaultTokenizer),
    ),
  }
  const dial: Dial | null =
    budget !== undefined
      ? { kind: 'compute', flops: budget }
      : largest !== undefined
        ? { kind: 'largest', parameters: largest }
        : null
  const ladder = parts ? presetLadder(parts, basis) : dial ? ladderWithin(dial, recipe, basis.vocabulary) : null
  return { members: planLadder(withLadderOptions(ladder, options, basis), basis, null, null), recipe }
}

/** Sizes come in whole blocks, so a ladder may come out so much beside what was asked for. */
const beside = { budget: 1.25, size: 1.5 }

/** The dial's ladder; what no ladder reaches gets a sentence with the bounds, not the nearest ladder there is. */
export function ladderWithin(dial: Dial, recipe: Recipe, vocabulary: number): Ladder {
  const ladderTo = (parameters: number) => ladderFromDial({ kind: 'largest', parameters }, recipe, vocabulary)
  const flopsOf = (ladder: Ladder) =>
    planLadder(ladder, { recipe, vocabulary }, null, null).reduce(
      (sum, member) => sum + member.flops[recipe.flopsConvention],
      0,
    )
  const smallest = smallestParameters(recipe.context, vocabulary)
  if (dial.kind === 'largest' && (beside.size * dial.parameters < smallest || dial.parameters > largestParameters))
    throw new Fault(
      'bad-input',
      `--largest: it must be from ${short(smallest)} to ${short(largestParameters)} parameters with this tokenizer and context; it is ${short(dial.parameters)}.`,
    )
  if (dial.kind === 'compute') {
    const [least, most] = [smallest, largestParameters].map((parameters) => flopsOf(ladderTo(parameters)))
    if (beside.budget * dial.flops < least || dial.flops > beside.budget * most)
      throw new Fault(
        'bad-input',
        `--budget: ${flopsText(dial.flops)} FLOPs are too ${dial.flops < least ? 'few' : 'many'}; the smallest ladder takes ${flopsText(least)}, the largest ${flopsText(most)}.`,
      )
  }
  return ladderFromDial(dial, recipe, vocabulary)
}

async function planOfStudy(context: CommandContext, wanted: string): Promise<Answer> {
  return readLab(context, async (lab) => {
    const study = await findStudy(lab, wanted)
    const members = await lab.planStudy(study.id)
    const document = members.map((member) => {
      const { memoryBytes, seconds, epochs, refusal, warnings } = member
      return { ...planDocument(member, study.recipe), memoryBytes, seconds, epochs, refusal, warnings }
    })
    return { document: { members: document }, text: planText(members, study.recipe) }
  })
}

/** Members that have not the recipe's tokens per parameter say what they have. */
const ownRatio = ({ tokens, countedParameters }: MemberPlan, recipe: Recipe): number | null => {
  const perParameter = tokens / tokensStretch(recipe.decay) / countedParameters
  return countedParameters > 0 && !isAtRatio(perParameter, recipe) ? perParameter : null
}

/** Of embeddings and, at muP's base width, of inner matrices: what the recipe says, or its rule. */
const initStdOf = (member: MemberPlan, recipe: Recipe): number =>
  parametrisation(recipe, member.shape).initStd.embedding

function planDocument(member: MemberPlan, recipe: Recipe) {
  const { name, shape, parameters, tokens, steps, batchSequences, flops } = member
  const { cerebras, hoffmann, sixNd, palm } = flops
  const perParameter = ownRatio(member, recipe)
  return {
    name,
    layers: shape.layers,
    width: shape.width,
    heads: shape.heads,
    parameters,
    tokens,
    steps,
    batchSequences,
    flops: { cerebras, hoffmann, sixNd, palm },
    ...(perParameter === null ? {} : { tokensPerParameter: perParameter }),
  }
}

function planText(members: readonly MemberPlan[], recipe: Recipe): string {
  const convention = recipe.flopsConvention
  const isTimed = members.some(({ seconds }) => seconds !== null)
  const isOff = members.some((member) => ownRatio(member, recipe) !== null)
  const head = [
    'member',
    'layers',
    'width',
    'heads',
    'parameters',
    ...(isOff ? ['tokens/param'] : []),
    'tokens',
    'steps',
    'batch',
    'rate',
    'init',
    `FLOPs (${flopsConventionNames[convention]})`,
    ...(isTimed ? ['time here'] : []),
  ]
  const rows = members.map((member) => {
    const { name, shape, parameters, countedParameters, tokens, steps, batchSequences, flops, seconds } = member
    return [
      name,
      String(shape.layers),
      String(shape.width),
      String(shape.heads),
      short(parameters),
      ...(isOff ? [ratioText(tokens / tokensStretch(recipe.decay) / countedParameters)] : []),
      short(tokens),
      String(steps),
      String(batchSequences),
      String(rounded(member.peakLearningRate)),
      String(rounded(initStdOf(member, recipe))),
      flopsText(flops[convention]),
      ...(isTimed ? [seconds === null ? '' : duration(seconds)] : []),
    ]
  })
  const remarks = members.flatMap(({ name, refusal, warnings }) =>
    [...(refusal ? [refusal] : []), ...warnings].map((remark) => `${name}: ${remark}`),
  )
  return [table(head, rows), ...remarks].join('\n')
}
