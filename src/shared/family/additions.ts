// Members off the compute-optimal line: the same tokens for every size, as Pythia had, or several sizes at the same
// compute, as IsoFLOP profiles want.
import { Fault } from '../fault.ts'
import { inPowers, rounded } from '../numbers.ts'
import { countedParameters } from './counting.ts'
import { largestParameters, memberOfSize, smallestParameters } from './dial.ts'
import { flopsPerToken } from './flops.ts'
import type { Ladder, Member, MemberPlan } from './ladder.ts'
import { ratioText, shortCount, sizeName } from './names.ts'
import type { PlanBasis } from './plan.ts'
import type { Recipe } from './recipe.ts'
import { countParameters, type GptShape } from './shape.ts'

/**
 * Tokens come in whole batches and sizes in whole blocks: a member within this share of the recipe's ratio keeps to it.
 */
const ratioTolerance = 0.05
/** What a member may be given; the same as a person may type. */
const perParameterRange = { smallest: 0.01, largest: 10_000 } as const

/** Whether tokens per parameter are those of the recipe, so that the loss belongs on the compute-optimal law. */
export const isAtRatio = (perParameter: number, recipe: Pick<Recipe, 'tokensPerParameter'>): boolean =>
  Math.abs(perParameter / recipe.tokensPerParameter - 1) <= ratioTolerance

const shapeOf = (
  { layers, width, heads }: Pick<Member, 'layers' | 'width' | 'heads'>,
  { recipe, vocabulary }: PlanBasis,
): GptShape => ({ layers, width, heads, context: recipe.context, vocabulary })

/**
 * The same ladder with one number of tokens for every member, as Pythia and OPT were trained. Published schedules go:
 * they had tokens of their own.
 */
export const withFixedTokens = (ladder: Ladder, tokens: number, basis: PlanBasis): Ladder => ({
  ...ladder,
  members: ladder.members.map(({ published: _published, ...member }) => ({
    ...member,
    tokensPerParameter: tokens / countedParameters(shapeOf(member, basis), basis.recipe.countedParameters),
  })),
})

/**
 * A copy of each member, every one on the same `tokens`; sizes whose own tokens are nearly that many are left out, and
 * so is a size that is there twice.
 */
export function fixedTokenMembers(members: readonly Member[], tokens: number, basis: PlanBasis): Member[] {
  const { recipe } = basis
  const seen = new Set<string>()
  return members.flatMap((member): Member[] => {
    const shape = shapeOf(member, basis)
    const tokensPerParameter = tokens / countedParameters(shape, recipe.countedParameters)
    const size = `${shape.layers} ${shape.width} ${shape.heads}`
    const isThere = members.some(
      (one) =>
        `${one.layers} ${one.width} ${one.heads}` === size &&
        Math.abs((one.tokensPerParameter ?? recipe.tokensPerParameter) / tokensPerParameter - 1) <= ratioTolerance,
    )
    if (isThere || seen.has(size) || !canHave(tokensPerParameter)) return []
    seen.add(size)
    const { layers, width, heads } = member
    return [offLine({ layers, width, heads, tokensPerParameter }, basis)]
  })
}

export interface IsoflopGrid {
  /** FLOPs of each profile, as the recipe counts them. */
  budgets: number[]
  /** Members a profile. */
  sizes: number
  /** The smallest and the largest size are this many times below and above the one that the recipe's ratio gives. */
  span: number
}

/**
 * Five sizes, four times to either side: a parabola has its minimum inside even where 20 tokens per parameter are
 * off by a factor.
 */
export const usualGrid = { sizes: 5, span: 4 } as const

/** Fewer determine no parabola. */
const fewestSizes = 3

/**
 * The members of a grid, budget by budget from small to large. Throws `bad-input` where a budget has too few sizes for
 * a parabola.
 */
export function isoflopMembers({ budgets, sizes, span }: IsoflopGrid, basis: PlanBasis): Member[] {
  if (!(sizes >= fewestSizes))
    throw new Fault('bad-input', `A parabola needs at least ${fewestSizes} sizes; there are ${sizes}.`)
  if (!(span > 1)) throw new Fault('bad-input', `The sizes must reach to either side: a span above 1, not ${span}.`)
  return [...new Set(budgets)]
    .sort((a, b) => a - b)
    .flatMap((budget) => {
      const middle = sizeFor(budget, basis)
      const wanted = Array.from({ length: sizes }, (_, k) => middle * span ** ((2 * k) / (sizes - 1) - 1))
      const made = membersAtBudget(budget, wanted, basis)
      if (made.length < fewestSizes && middle > largestParameters)
        throw new Fault(
          'bad-input',
          `${powers(budget)} FLOPs are too many for a profile: they ask for models of more than ${shortCount(largestParameters)} parameters. End at about ${powers(largestBudget(span, basis))} FLOPs.`,
        )
      if (made.length < fewestSizes) {
        throw new Fault(
          'bad-input',
          `${powers(budget)} FLOPs are too few for a profile: ${made.length === 0 ? 'no size' : `only ${made.length} of the sizes`} wanted can be built with this tokenizer and context. ` +
            `Begin at about ${powers(smallestBudget(span, basis))} FLOPs.`,
        )
      }
      return made
    })
}

/** A member of about each of these sizes, trained with this budget; sizes that cannot be built so are left out. */
export function membersAtBudget(budget: number, sizes: readonly number[], basis: PlanBasis): Member[] {
  const { recipe, vocabulary } = basis
  const smallest = smallestParameters(recipe.context, vocabulary)
  const made = new Map<string, Member>()
  for (const size of sizes) {
    if (size < 0.97 * smallest) continue
    const { layers, width, heads } = memberOfSize(size, recipe.context, vocabulary)
    const shape = shapeOf({ layers, width, heads }, basis)
    const tokensPerParameter =
      budget / flopsPerToken(shape, recipe.flopsConvention) / countedParameters(shape, recipe.countedParameters)
    if (canHave(tokensPerParameter))
      made.set(`${layers} ${width}`, offLine({ layers, width, heads, tokensPerParameter }, basis))
  }
  return [...made.values()]
}

/**
 * Budgets that a ladder suggests: from its second member's compute to its second largest's; null where it has fewer
 * than three members on the line.
 */
export function suggestedBudgets(plans: readonly MemberPlan[], recipe: Recipe, count = 3): number[] | null {
  const flops = plans
    .filter((plan) => plan.parameters > 0 && isAtRatio(plan.tokens / plan.countedParameters, recipe))
    .map((plan) => plan.flops[recipe.flopsConvention])
    .sort((a, b) => a - b)
  if (flops.length < 3) return null
  return spacedBudgets(flops[1], flops[flops.length - 2], count)
}

/** `count` budgets, evenly spaced on a logarithmic axis, two digits each. */
export function spacedBudgets(from: number, to: number, count: number): number[] {
  if (count === 1 || from === to) return [rounded(from, 2)]
  return [...new Set(Array.from({ length: count }, (_, i) => rounded(from * (to / from) ** (i / (count - 1)), 2)))]
}

/** The ladder with more members at its end; ids that are taken get a number. */
export function withMembers(ladder: Ladder, added: readonly Member[]): Ladder {
  const taken = new Set(ladder.members.map(({ id }) => id))
  const members = added.map((member) => {
    let { id } = member
    for (let i = 2; taken.has(id); i++) id = `${member.id}-${i}`
    taken.add(id)
    return { ...member, id }
  })
  return { ...ladder, members: [...ladder.members, ...members] }
}

/**
 * The size that the recipe's ratio gives a budget: C = r N · f(N), found on the logarithm of N with f taken as 6 N and
 * then as the shape has it.
 */
function sizeFor(budget: number, { recipe, vocabulary }: PlanBasis): number {
  let size = Math.sqrt(budget / (6 * recipe.tokensPerParameter))
  for (let i = 0; i < 3; i++) {
    const shape = { ...memberOfSize(size, recipe.context, vocabulary), context: recipe.context, vocabulary }
    const parameters = countParameters(shape)
    const spent =
      recipe.tokensPerParameter *
      countedParameters(shape, recipe.countedParameters) *
      flopsPerToken(shape, recipe.flopsConvention)
    size = Math.sqrt(budget / spent) * parameters
  }
  return size
}

const smallestBudget = (span: number, { recipe, vocabulary }: PlanBasis): number =>
  6 * recipe.tokensPerParameter * (smallestParameters(recipe.context, vocabulary) * Math.sqrt(span)) ** 2

const largestBudget = (span: number, { recipe }: PlanBasis): number =>
  6 * recipe.tokensPerParameter * (largestParameters / Math.sqrt(span)) ** 2

const canHave = (perParameter: number): boolean =>
  perParameter >= perParameterRange.smallest && perParameter <= perParameterRange.largest

const offLine = (
  member: Pick<Member, 'layers' | 'width' | 'heads'> & { tokensPerParameter: number },
  basis: PlanBasis,
): Member => ({
  id: `d${member.width}-l${member.layers}@${ratioText(member.tokensPerParameter)}`,
  name: sizeName(member, basis),
  ...member,
  isEnabled: true,
})

const powers = (flops: number): string => inPowers(rounded(flops, 2))
