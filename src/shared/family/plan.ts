// From a member to its plan: every number of a training, worked out before anything runs. The window, the command line
// and the trainer share it.
import { exactly, rounded } from '../numbers.ts'
import type { TokenizedCorpus } from '../corpus.ts'
import type { Machine, Precision } from '../engine.ts'
import { highestLearningRate, mostBatchTokens } from '../bounds.ts'
import { tokensBefore } from './batch-size.ts'
import { countedParameters } from './counting.ts'
import { flopsPerToken, trainingFlops } from './flops.ts'
import type { Ladder, Member, MemberPlan, PublishedSchedule } from './ladder.ts'
import { effectiveTokens } from '../scaling/repeated.ts'
import { microBatchSequences, trainingBytes, usableShare } from './memory.ts'
import { parsePowerRule, powerAt } from './power-rule.ts'
import type { Recipe } from './recipe.ts'
import { memberName, publishedFor } from './names.ts'
import { tokensStretch } from './schedule.ts'
import { batchSequencesRule, peakLearningRateRule } from './rules.ts'
import { countParameters, type GptShape } from './shape.ts'

/** What a plan takes from the study: its recipe, and how many ids its tokenizer has. */
export interface PlanBasis {
  recipe: Recipe
  vocabulary: number
}

/** Tokens of the splits of a text that is tokenised. */
export type SplitTokens = Pick<TokenizedCorpus['tokens'], 'train' | 'validation'>

type MachineFacts = Pick<Machine, 'memoryBytes' | 'calibration'> & Partial<Pick<Machine, 'cardMemoryBytes'>>

/** Beyond four passes repeated text teaches clearly less than fresh text (Muennighoff et al. 2023). */
const mostEpochs = 4
const fewestSteps = 100
const dayS = 86_400

/**
 * Everything one member will take. `splits` are the lengths of the tokenised text, null until they are known; `machine`
 * gives memory and speed, null until it is measured. What cannot be trained says so in `refusal`; nothing
 * throws.
 */
export function planMember(
  member: Member,
  basis: PlanBasis,
  splits: SplitTokens | null,
  machine: MachineFacts | null,
): MemberPlan {
  const { recipe, vocabulary } = basis
  const name = memberName(member, basis)
  const shape: GptShape = {
    layers: member.layers,
    width: member.width,
    heads: member.heads,
    context: recipe.context,
    vocabulary,
  }
  const refusal = refuseShape(shape) ?? refuseRecipe(recipe, member)
  if (refusal) return refusedPlan(member.id, name, shape, refusal)

  const counted = countedParameters(shape, recipe.countedParameters)
  const published = publishedFor(member, basis)
  const work = published
    ? { ...published, tokens: tokensBefore(published, published.steps, published.context) }
    : workByRule(member, basis, countParameters(shape), counted)
  const { steps, batchSequences, warmupSteps, peakLearningRate, tokens } = work
  if (!(peakLearningRate > 0 && peakLearningRate <= highestLearningRate))
    return refusedPlan(
      member.id,
      name,
      shape,
      `The law of the peak learning rate gives ${peakLearningRate} for it; a rate is above 0 and at most ${highestLearningRate}.`,
    )
  const { precision } = recipe
  const micro = microBatchSequences(shape, batchSequences, machine, precision)
  const isOnCard = (machine?.cardMemoryBytes ?? null) !== null
  const memoryBytes = trainingBytes(shape, micro, { precision, isOnCard })
  const seconds = secondsOn(machine, shape, tokens, precision)
  const epochs = splits?.train ? tokens / splits.train : null
  const unscored = warnOfValidation(splits, recipe.context)
  return {
    memberId: member.id,
    name,
    shape,
    parameters: countParameters(shape),
    countedParameters: counted,
    tokens,
    steps,
    batchSequences,
    microBatchSequences: micro,
    warmupSteps,
    peakLearningRate,
    ...(published ? departures(published, recipe) : {}),
    flops: trainingFlops(shape, tokens),
    memoryBytes,
    seconds,
    epochs,
    refusal: refuseMemory(memoryBytes, machine) ?? refuseCorpus(splits, recipe.context),
    warnings: [...warningsFor({ epochs, steps, seconds }), ...unscored],
    ...(unscored.length > 0 ? { isUnscored: true } : {}),
  }
}

/** Every member's plan, in the ladder's order, switched off or not. */
export const planLadder = (
  ladder: Pick<Ladder, 'members'>,
  basis: PlanBasis,
  splits: SplitTokens | null,
  machine: MachineFacts | null,
): MemberPlan[] => ladder.members.map((member) => planMember(member, basis, splits, machine))

/**
 * Training time at the measured rate for this width; null until the machine is measured. The rate was counted as PaLM
 * counts.
 */
export function secondsOn(
  machine: Pick<Machine, 'calibration'> | null,
  shape: GptShape,
  tokens: number,
  precision?: Precision,
): number | null {
  const rate = machine ? rateAt(machine.calibration, shape.width, precision) : null
  return rate === null ? null : (flopsPerToken(shape, 'palm') * tokens) / rate
}

/**
 * Measured FLOP/s at a width, straight between measurements on logarithmic axes and level beyond them; where this
 * precision was not measured, that of fp32.
 */
export function rateAt(
  calibration: Machine['calibration'],
  width: number,
  precision: Precision = 'fp32',
): number | null {
  const measured = calibration.filter((point) => point.flopsPerSecond > 0)
  const own = measured.filter((point) => (point.precision ?? 'fp32') === precision)
  if (own.length === 0 && precision !== 'fp32') return rateAt(calibration, width)
  const known = own.sort((a, b) => a.width - b.width)
  if (known.length === 0) return null
  const above = known.findIndex((point) => point.width >= width)
  if (above === 0) return known[0].flopsPerSecond
  if (above < 0) return known[known.length - 1].flopsPerSecond
  const [low, high] = [known[above - 1], known[above]]
  const share = Math.log(width / low.width) / Math.log(high.width / low.width)
  return low.flopsPerSecond * (high.flopsPerSecond / low.flopsPerSecond) ** share
}

/** The same members by the recipe's rules, without the schedules they were published with. */
export const withoutSchedules = (members: readonly Member[]): Member[] =>
  members.map(({ published: _published, ...member }) => member)

function workByRule(member: Member, { recipe }: PlanBasis, parameters: number, counted: number) {
  const wanted = (member.tokensPerParameter ?? recipe.tokensPerParameter) * counted
  const batchTokens = recipe.batchTokens ?? byLaw(recipe.batchTokensLaw, parameters, wanted)
  const batchSequences =
    batchTokens === null
      ? batchSequencesRule(wanted, recipe.context)
      : Math.max(1, Math.round(Math.min(batchTokens, mostBatchTokens) / recipe.context))
  // The batch is that of a run that ends at the wanted tokens, so that the loss there is the same kind of point.
  const steps = Math.max(1, Math.round((tokensStretch(recipe.decay) * wanted) / (batchSequences * recipe.context)))
  const tokens = steps * batchSequences * recipe.context
  return {
    steps,
    batchSequences,
    tokens,
    warmupSteps: Math.min(steps, Math.max(1, Math.round(recipe.warmupFraction * steps))),
    peakLearningRate:
      recipe.peakLearningRate ??
      byLaw(recipe.peakLearningRateLaw, parameters, tokens) ??
      peakLearningRateRule(recipe, member.width),
  }
}

/** What a recipe's law says of a member; null where it has none. */
function byLaw(law: string | undefined, parameters: number, tokens: number): number | null {
  const rule = law === undefined ? null : parsePowerRule(law)
  return rule && rounded(powerAt(rule, parameters, tokens), 3)
}

/** What the trainer must take from the member instead of the recipe. */
const departures = ({ decay, finalFraction, epsilon, residualStd, phases }: PublishedSchedule, recipe: Recipe) => ({
  decay,
  finalFraction,
  epsilon,
  phases,
  // A residual deviation is published for standard parametrisation; muP has its own rule.
  ...(recipe.parametrisation === 'standard' ? { residualStd } : {}),
})

function refuseShape({ layers, width, heads, context, vocabulary }: GptShape): string | null {
  for (const [value, name] of [
    [layers, 'layers'],
    [width, 'width'],
    [heads, 'heads'],
    [context, 'context'],
    [vocabulary, 'vocabulary'],
  ] as const) {
    if (!Number.isInteger(value) || value < 1) return `The ${name} must be a whole number above 0; it is ${value}.`
  }
  if (width % heads !== 0)
    return `${heads} heads do not divide a width of ${width}; ${nearestHeads(width, heads)} would.`
  return null
}

function refuseRecipe(recipe: Recipe, member: Member): string | null {
  const perParameter = member.tokensPerParameter ?? recipe.tokensPerParameter
  if (!(perParameter > 0) || !Number.isFinite(perParameter))
    return `Tokens per parameter must be a number above 0; it is ${perParameter}.`
  if (recipe.batchTokens !== null && !(recipe.batchTokens >= recipe.context)) {
    return `A batch of ${recipe.batchTokens} tokens holds no whole sequence of ${recipe.context}.`
  }
  return null
}

function refuseMemory(memoryBytes: number, machine: MachineFacts | null): string | null {
  if (!machine) return null
  const card = machine.cardMemoryBytes ?? null
  const there = card ?? machine.memoryBytes
  if (memoryBytes <= usableShare * there) return null
  const where = card === null ? 'this machine' : 'the graphics card'
  const remedy = card === null ? '' : ' Another engine, chosen in the settings, trains in the memory of the computer.'
  return `Needs ${gigabytes(memoryBytes)} of memory; ${where} has ${gigabytes(there)}, of which a training may take ${gigabytes(usableShare * there)}.${remedy}`
}

const refuseCorpus = (splits: SplitTokens | null, context: number): string | null =>
  splits !== null && splits.train <= context
    ? `The training text has ${splits.train} tokens; one sequence needs ${context + 1}.`
    : null

/** Such a run trains, and its end is no point of a law. */
const warnOfValidation = (splits: SplitTokens | null, context: number): string[] =>
  splits !== null && splits.validation <= context ? [noValidation(splits.validation, context)] : []

export const noValidation = (tokens: number, context: number): string =>
  `The validation split has ${tokens} tokens and one sequence needs ${context + 1}: there will be no validation loss, and no law. Use more text or a shorter context.`

function warningsFor({ epochs, steps, seconds }: Pick<MemberPlan, 'epochs' | 'steps' | 'seconds'>): string[] {
  const warnings: string[] = []
  if (epochs !== null && epochs > mostEpochs) {
    warnings.push(
      `Reads the text ${times(epochs)} times, worth ${times(effectiveTokens(epochs, 1))} times as much new text (Muennighoff et al. 2023).`,
    )
  }
  if (steps < fewestSteps)
    warnings.push(`Only ${steps} steps: too few for its loss to lie on the law. A smaller batch gives more.`)
  if (seconds !== null && seconds > dayS) warnings.push(`Takes about ${days(seconds / dayS)} on this machine.`)
  return warnings
}

function nearestHeads(width: number, heads: number): number {
  let best = 1
  for (let h = 1; h <= width; h++) if (width % h === 0 && Math.abs(h - heads) < Math.abs(best - heads)) best = h
  return best
}

const gigabytes = (bytes: number): string => `${(bytes / 1e9).toPrecision(3)} GB`
const times = (count: number): string => (count < 10 ? count.toFixed(1) : exactly(Math.round(count)))
const days = (count: number): string =>
  count >= 730
    ? `${exactly(Math.round(count / 365))} years`
    : count >= 10
      ? `${Math.round(count)} days`
      : `${count.toFixed(1)} days`

/** A plan that only says why there is none. */
const refusedPlan = (memberId: string, name: string, shape: GptShape, refusal: string): MemberPlan => ({
  memberId,
  name,
  shape,
  parameters: 0,
  countedParameters: 0,
  tokens: 0,
  steps: 0,
  batchSequences: 0,
  microBatchSequences: 0,
  warmupSteps: 0,
  peakLearningRate: 0,
  flops: { cerebras: 0, hoffmann: 0, sixNd: 0, palm: 0 },
  memoryBytes: 0,
  seconds: null,
  epochs: null,
  refusal,
  warnings: [],
})
