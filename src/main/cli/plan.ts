// `isoflop plan`: what a family would take, before anything runs.
import { Fault } from '#shared/fault.ts'
import { flopsConventionNames } from '#shared/family/counting.ts'
import { ladderFromDial } from '#shared/family/dial.ts'
import type { Dial, Ladder, MemberPlan } from '#shared/family/ladder.ts'
import { planLadder } from '#shared/family/plan.ts'
import { studyPartsOf } from '#shared/family/presets.ts'
import { defaultRecipe, type FlopsConvention, type Recipe } from '#shared/family/recipe.ts'
import type { TokenizerChoice } from '#shared/tokenizer/choice.ts'
import { vocabularyOf } from '#shared/tokenizer/vocabulary.ts'
import { duration, flopsText, parseAmount, parseTokenizer, parseWhole, short, table } from './amounts.ts'
import { findStudy, withLab } from './lab.ts'
import { usageError, type Answer, type CommandContext, type CommandPart } from './program.ts'

interface PlanOptions {
  family?: string
  budget?: number
  largest?: number
  study?: string
  tokenizer?: TokenizerChoice
  context?: number
  tokensPerParameter?: number
  batchTokens?: number
}

const defaultTokenizer: TokenizerChoice = { kind: 'bpe', vocabulary: 512 }

export const planCommand: CommandPart = (program, act) => {
  program.command('plan')
    .description('work out parameters, tokens, steps and FLOPs of every member of a family')
    .option('--family <name>', 'a family that ships with the lab: starter, cerebras-gpt, pythia, ...')
    .option('--budget <flops>', 'the ladder that this much training compute pays for, in FLOPs', parseAmount)
    .option('--largest <parameters>', 'the ladder up to a model of this size', parseAmount)
    .option('--study <study>', 'the ladder of a study, with memory and time on this machine')
    .option('--tokenizer <choice>', 'bytes, gpt2 or bpe:N; sets the vocabulary', parseTokenizer)
    .option('--context <tokens>', 'tokens a sequence', parseWhole(2, 65_536))
    .option('--tokens-per-parameter <number>', 'training tokens for each parameter, 20 by Chinchilla', parseAmount)
    .option('--batch-tokens <tokens>', 'tokens a step', parseWhole(1))
    .addHelpText('after', `
Examples:
  $ isoflop plan --family cerebras-gpt --json
  $ isoflop plan --budget 1e15 --tokenizer bpe:1024`)
    .action(act(plan))
}

async function plan(context: CommandContext, options: PlanOptions): Promise<Answer> {
  const asked = (['family', 'budget', 'largest', 'study'] as const).filter((name) => options[name] !== undefined)
  if (asked.length !== 1) throw usageError(`Say which family to plan: one of --family, --budget, --largest or --study${asked.length > 1 ? `, not ${asked.map((name) => `--${name}`).join(' and ')}` : ''}.`)
  if (options.study !== undefined) return planOfStudy(context, options.study)
  const { members, recipe } = planOf(options)
  return { document: { members: members.map(planDocument) }, text: planText(members, recipe.flopsConvention) }
}

/** A plan without a lab: pure arithmetic, the same as the window's. */
function planOf({ family, budget, largest, tokenizer, ...changes }: PlanOptions): { members: MemberPlan[]; recipe: Recipe } {
  const parts = family === undefined ? null : studyPartsOf(family)
  const recipe = withChanges(parts?.recipe ?? defaultRecipe, changes)
  const vocabulary = vocabularyOf(tokenizer ?? parts?.tokenizer ?? defaultTokenizer)
  const dial: Dial = budget === undefined ? { kind: 'largest', parameters: largest! } : { kind: 'compute', flops: budget }
  const ladder = parts?.ladder ?? ladderWithin(dial, recipe, vocabulary)
  return { members: planLadder(ladder, { recipe, vocabulary }, null, null), recipe }
}

/** The dial's ladder; a budget below the smallest ladder there is gets a sentence, not a ladder that costs more. */
export function ladderWithin(dial: Dial, recipe: Recipe, vocabulary: number): Ladder {
  const ladder = ladderFromDial(dial, recipe, vocabulary)
  if (dial.kind === 'compute') {
    const flops = planLadder(ladder, { recipe, vocabulary }, null, null).reduce((sum, member) => sum + member.flops[recipe.flopsConvention], 0)
    // Sizes are rounded to whole blocks, so a ladder may come out a little above its budget.
    if (flops > 1.25 * dial.flops) throw new Fault('bad-input', `--budget: ${flopsText(dial.flops)} FLOPs are too few; the smallest ladder takes ${flopsText(flops)}.`)
  }
  return ladder
}

/** A recipe with what the person asked for by name. */
export function withChanges(recipe: Recipe, { context, tokensPerParameter, batchTokens, seed }: Partial<Pick<Recipe, 'context' | 'tokensPerParameter' | 'batchTokens' | 'seed'>>): Recipe {
  const changes = Object.entries({ context, tokensPerParameter, batchTokens, seed }).filter(([, value]) => value !== undefined)
  return { ...recipe, ...Object.fromEntries(changes) }
}

async function planOfStudy(context: CommandContext, wanted: string): Promise<Answer> {
  return withLab(context, async (lab) => {
    const study = await findStudy(lab, wanted)
    const members = await lab.planStudy(study.id)
    const document = members.map((member) => {
      const { memoryBytes, seconds, epochs, refusal, warnings } = member
      return { ...planDocument(member), memoryBytes, seconds, epochs, refusal, warnings }
    })
    return { document: { members: document }, text: planText(members, study.recipe.flopsConvention) }
  })
}

export function planDocument({ name, shape, parameters, tokens, steps, batchSequences, flops }: MemberPlan) {
  const { cerebras, hoffmann, sixNd, palm } = flops
  return { name, layers: shape.layers, width: shape.width, heads: shape.heads, parameters, tokens, steps, batchSequences, flops: { cerebras, hoffmann, sixNd, palm } }
}

export function planText(members: readonly MemberPlan[], convention: FlopsConvention): string {
  const isTimed = members.some(({ seconds }) => seconds !== null)
  const head = ['member', 'layers', 'width', 'heads', 'parameters', 'tokens', 'steps', 'batch', `FLOPs (${flopsConventionNames[convention]})`, ...(isTimed ? ['time here'] : [])]
  const rows = members.map(({ name, shape, parameters, tokens, steps, batchSequences, flops, seconds }) => [
    name, String(shape.layers), String(shape.width), String(shape.heads), short(parameters), short(tokens), String(steps), String(batchSequences), flopsText(flops[convention]),
    ...(isTimed ? [seconds === null ? '' : duration(seconds)] : []),
  ])
  const remarks = members.flatMap(({ name, refusal, warnings }) => [...(refusal ? [refusal] : []), ...warnings].map((remark) => `${name}: ${remark}`))
  return [table(head, rows), ...remarks].join('\n')
}
