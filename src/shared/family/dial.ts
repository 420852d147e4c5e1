// One dial, the rest derived: a compute budget or a largest size becomes a ladder of members.
import type { Machine } from '../engine.ts'
import type { Dial, Ladder, Member } from './ladder.ts'
import { sizeName } from './names.ts'
import { planMember, secondsOn, type PlanBasis } from './plan.ts'
import { findPreset, membersOf } from './presets.ts'
import type { Recipe } from './recipe.ts'
import { countParameters, type GptShape } from './shape.ts'

/** Where a ladder begins, or at the smallest useful shape where the vocabulary makes that larger. */
const usualStart = 30_000
const smallestShape = { layers: 2, width: 24, heads: 1 } as const
export const largestParameters = 20e9
/** Each member is about this much larger than the one before; more only where a ladder would get too long. */
const growth = 2.2
const members = { fewest: 3, most: 8 } as const

/** The members a dial stands for: smallest first, about 2.2 times apart, from about 30 thousand parameters up. */
export function ladderFromDial(dial: Dial, recipe: Recipe, vocabulary: number): Ladder {
  if (dial.kind === 'preset') return { dial, members: membersOf(findPreset(dial.preset)) }
  const sizes =
    dial.kind === 'largest'
      ? sizesUpTo(dial.parameters, recipe.context, vocabulary)
      : sizesWithin(dial.flops, recipe, vocabulary)
  return { dial, members: membersOfSizes(sizes, recipe, vocabulary) }
}

/** Whether nobody edited, added, named or switched off a member since the dial made them. */
export function standsOnDial({ dial, members }: Ladder, { recipe, vocabulary }: PlanBasis): boolean {
  const essence = (made: readonly Member[]) =>
    JSON.stringify(
      made.map(({ layers, width, heads, tokensPerParameter, isEnabled, isNamed }) => [
        ...[layers, width, heads, tokensPerParameter ?? null, isEnabled, isNamed ?? false],
      ]),
    )
  try {
    return essence(ladderFromDial(dial, recipe, vocabulary).members) === essence(members)
  } catch {
    return true // of a preset that this lab does not know: nothing better could be made of it
  }
}

/**
 * The ladder under another vocabulary or recipe: made anew where it stands on a dial, for the dial's budget or size is
 * what was asked for; else as it is.
 */
export const ladderAfter = (ladder: Ladder, before: PlanBasis, after: PlanBasis): Ladder =>
  ladder.dial.kind !== 'preset' && standsOnDial(ladder, before)
    ? ladderFromDial(ladder.dial, after.recipe, after.vocabulary)
    : ladder

/** The dial that fills a time on this machine with the whole ladder. null until the machine is measured. */
export function dialForSeconds(
  seconds: number,
  recipe: Recipe,
  vocabulary: number,
  machine: Pick<Machine, 'calibration'>,
): Dial | null {
  if (machine.calibration.length === 0) return null
  const take = (parameters: number) =>
    ladderSum(
      parameters,
      recipe,
      vocabulary,
      (shape, tokens) => secondsOn(machine, shape, tokens, recipe.precision) ?? Infinity,
    )
  return { kind: 'largest', parameters: largestWithin(seconds, recipe, vocabulary, take) }
}

/**
 * Blocks for a width: the root of the width at small sizes, d / 80 from Cerebras-GPT 111M up, GPT-3's shapes beyond 32
 * blocks.
 */
export function layersForWidth(width: number): number {
  if (width < 768) return Math.max(smallestShape.layers, Math.round(10 * Math.sqrt(width / 768)))
  return width <= 2560 ? Math.round(width / 80) : Math.max(32, Math.round(width / 128))
}

/**
 * Heads of 16 to 64 features that divide the width (128 from width 2048 up): the largest head that leaves at least two.
 */
export function headsForWidth(width: number): number {
  const largest = width >= 2048 ? 128 : 64
  const wanted = Math.min(largest, Math.max(16, width / 4))
  let best = 1
  for (let heads = 1; heads <= width / 16; heads++) {
    if (width % heads === 0 && Math.abs(Math.log(width / heads / wanted)) < Math.abs(Math.log(width / best / wanted)))
      best = heads
  }
  return best
}

/** A member near a size, of the widths that devices like; blocks follow the width. */
export function memberOfSize(parameters: number, context: number, vocabulary: number): Member {
  let best: { width: number; layers: number; distance: number } | null = null
  for (const width of widths()) {
    const usual = layersForWidth(width)
    for (const layers of [usual - 1, usual, usual + 1]) {
      if (layers < smallestShape.layers) continue
      const size = countParameters({ layers, width, heads: 1, context, vocabulary })
      // A shape off the rule must come clearly closer to the size to be taken.
      const distance = Math.abs(Math.log(size / parameters)) + 0.15 * Math.abs(Math.log(layers / usual))
      if (!best || distance < best.distance) best = { width, layers, distance }
    }
  }
  const { width, layers } = best!
  const heads = headsForWidth(width)
  const name = sizeName({ layers, width }, { recipe: { context }, vocabulary })
  return { id: `d${width}-l${layers}`, name, layers, width, heads, isEnabled: true }
}

function membersOfSizes(sizes: number[], recipe: Recipe, vocabulary: number): Member[] {
  const found = new Map<string, Member>()
  for (const size of sizes) {
    const member = memberOfSize(size, recipe.context, vocabulary)
    found.set(member.id, member)
  }
  const count = (member: Member) => countParameters({ ...member, context: recipe.context, vocabulary })
  const ascending = [...found.values()].sort((a, b) => count(a) - count(b))
  // A large vocabulary leaves only few small sizes; what lies closer than 1.4 times would be nearly the same point
  // twice.
  return ascending.filter((member, i) => i === ascending.length - 1 || count(ascending[i + 1]) > 1.4 * count(member))
}

/** The size of the smallest member that a ladder for this vocabulary can have. */
export const smallestParameters = (context: number, vocabulary: number): number =>
  Math.max(usualStart, countParameters({ ...smallestShape, context, vocabulary }))

function sizesUpTo(largest: number, context: number, vocabulary: number): number[] {
  const start = smallestParameters(context, vocabulary)
  const top = Math.min(largestParameters, Math.max(start, largest))
  const steps = Math.log(top / start) / Math.log(growth)
  const count = Math.min(members.most, Math.max(members.fewest, Math.round(steps) + 1))
  const ratio = Math.min(2.5, Math.max(1.5, (top / start) ** (1 / (count - 1))))
  return Array.from({ length: count }, (_, i) => top / ratio ** (count - 1 - i))
}

const sizesWithin = (flops: number, recipe: Recipe, vocabulary: number): number[] =>
  sizesUpTo(
    largestWithin(flops, recipe, vocabulary, (parameters) =>
      ladderSum(parameters, recipe, vocabulary, (_, __, planFlops) => planFlops),
    ),
    recipe.context,
    vocabulary,
  )

/** The largest size whose whole ladder costs at most `budget`, to about a percent. */
function largestWithin(
  budget: number,
  recipe: Recipe,
  vocabulary: number,
  cost: (parameters: number) => number,
): number {
  let low = Math.log(smallestParameters(recipe.context, vocabulary))
  let high = Math.log(largestParameters)
  for (let i = 0; i < 24; i++) {
    const middle = (low + high) / 2
    if (cost(Math.exp(middle)) <= budget) low = middle
    else high = middle
  }
  return Math.exp(low)
}

function ladderSum(
  parameters: number,
  recipe: Recipe,
  vocabulary: number,
  cost: (shape: GptShape, tokens: number, flops: number) => number,
): number {
  return membersOfSizes(sizesUpTo(parameters, recipe.context, vocabulary), recipe, vocabulary).reduce((sum, member) => {
    const plan = planMember(member, { recipe, vocabulary }, null, null)
    return sum + cost(plan.shape, plan.tokens, plan.flops[recipe.flopsConvention])
  }, 0)
}

/** Multiples of 8 for tiny models, of ever more for larger ones: at most about 10 % apart where it matters. */
function widths(): number[] {
  const found: number[] = []
  for (let width = smallestShape.width as number; width <= 6144;) {
    found.push(width)
    width += width < 64 ? 8 : width < 256 ? 16 : width < 512 ? 32 : width < 2048 ? 64 : 128
  }
  return found
}
