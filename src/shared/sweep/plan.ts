// A sweep before anything runs: which members it trains under which recipes, one field changed.
import { memberName } from '../family/names.ts'
import { headsForWidth } from '../family/dial.ts'
import type { Ladder, Member, MemberPlan } from '../family/ladder.ts'
import { type PlanBasis, withoutSchedules } from '../family/plan.ts'
import type { Recipe } from '../family/recipe.ts'
import { countParameters } from '../family/shape.ts'
import { Fault } from '../fault.ts'
import { inWords } from '../comparison/fairness.ts'
import type { TrialStep } from '../comparison/trial.ts'
import { rounded } from '../numbers.ts'
import { isShapeField, isWhole, sweepTitles, type SweepField, type SweepValue, wordsOf } from './fields.ts'

export interface SweepChoices {
  field: SweepField
  values: SweepValue[]
  /** Each value times what the member has by the study's recipe; the same for all members otherwise. */
  isRelative: boolean
  memberIds: string[]
  /** Trainings of each member at each value; of no use where the seed itself is swept. */
  seeds: number
}

/** A valley needs a lower and a higher value on either side. */
export const usualFactors = [0.25, 0.5, 1, 2, 4]

/** Members of a sweep of shapes are called after the one whose size they keep: `d64-l2~l4`. */
export const sizeMark = '~'
/** Other shapes of a size must have its parameters within this share. */
const sizeTolerance = 0.15

export interface SweepPlan {
  /** What the study of the sweep has for members. */
  ladder: Ladder
  steps: TrialStep[]
}

/** `planned` says what the members of a ladder take under a recipe. Throws `bad-input` for what cannot be swept so. */
export function planSweep(
  { recipe, ladder }: { recipe: Recipe; ladder: Ladder },
  { field, values, isRelative, memberIds, seeds }: SweepChoices,
  basis: Omit<PlanBasis, 'recipe'>,
  planned: (ladder: Ladder, recipe: Recipe) => readonly MemberPlan[],
): SweepPlan {
  const chosen = memberIds.map((id) => {
    const member = ladder.members.find((one) => one.id === id)
    if (!member) throw new Fault('bad-input', `memberIds: the study has no member ${id}.`)
    return { ...member, isEnabled: true }
  })
  checkValues(field, values, isRelative)
  const own = { ...basis, recipe }
  const members = membersFor(field, withoutSchedules(chosen))
  if (isShapeField(field)) {
    const shaped = { ...ladder, members: members.flatMap((one) => shapesOf(one, field, values, isRelative, own)) }
    const all = shaped.members.map(({ id }) => id)
    return { ladder: shaped, steps: seedsOf(recipe, seeds).map((seeded) => step(seeded, all)) }
  }
  const swept = { ...ladder, members }
  const plans = planned(swept, recipe)
  const isOwn = (value: SweepValue) => (isRelative ? value === 1 : value === recipe[field])
  // What the study itself has comes last: what was trained last stands on the law.
  const inOrder = [...values].sort((a, b) => Number(isOwn(a)) - Number(isOwn(b)))
  if (field === 'seed') return { ladder: swept, steps: inOrder.map((seed) => step(with_(seed), plans.map(idOf))) }
  function with_(value: SweepValue): Recipe {
    return { ...recipe, [field]: field === 'batchTokens' ? wholeBatch(Number(value), recipe) : value }
  }
  const steps = seedsOf(recipe, seeds).flatMap(({ seed }) =>
    inOrder.flatMap((value): TrialStep[] => {
      if (!isRelative) return [step({ ...with_(value), seed }, plans.map(idOf))]
      if (value === 1) return [step({ ...recipe, seed }, plans.map(idOf))]
      return plans.map((plan) =>
        step({ ...with_(times(Number(value), ownValue(field, plan, recipe))), seed }, [plan.memberId]),
      )
    }),
  )
  return { ladder: swept, steps }

  function times(factor: number, of: number): number {
    const value = factor * of
    return isWhole(field) ? Math.max(1, Math.round(value)) : rounded(value, 4)
  }
}

const idOf = ({ memberId }: MemberPlan): string => memberId
const step = (recipe: Recipe, memberIds: string[]): TrialStep => ({ recipe, memberIds, purpose: 'sweep' })
const seedsOf = (recipe: Recipe, seeds: number): Recipe[] =>
  Array.from({ length: seeds }, (_, i) => ({ ...recipe, seed: (recipe.seed + i) >>> 0 }))

/** A batch is whole sequences; two values that come to the same one would be one training twice. */
const wholeBatch = (tokens: number, { context }: Recipe): number => Math.max(1, Math.round(tokens / context)) * context

function checkValues(field: SweepField, values: readonly SweepValue[], isRelative: boolean): void {
  const title = sweepTitles[field]
  const words = wordsOf[field]
  if (new Set(values).size < 2) throw new Fault('bad-input', `values: a sweep needs at least two values of ${title}.`)
  if (isRelative && (words || field === 'seed'))
    throw new Fault('bad-input', `values: ${title} has no multiples. Give the values themselves.`)
  const odd = values.find((value) => (words ? !words.includes(String(value)) : typeof value !== 'number'))
  if (odd !== undefined)
    throw new Fault('bad-input', `values: ${odd} cannot be; ${words ? `it is ${words.join(', ')}` : 'give numbers'}.`)
  if (!isRelative && isWhole(field) && values.some((value) => !Number.isInteger(value)))
    throw new Fault('bad-input', `values: ${title} takes whole numbers.`)
}

/** What a member has of a field where its recipe, a rule or the default says it. */
function ownValue(field: SweepField, plan: MemberPlan, recipe: Recipe): number {
  if (field === 'peakLearningRate') return plan.peakLearningRate
  if (field === 'batchTokens') return plan.batchSequences * plan.shape.context
  const value = recipe[field as keyof Recipe]
  if (typeof value === 'number') return value
  throw new Fault('bad-input', `values: ${inWords(field)} is left to a rule. Give the values themselves.`)
}

/** Members with tokens of their own would not follow a recipe's. */
const membersFor = (field: SweepField, members: readonly Member[]): Member[] =>
  members.map((member) => {
    if (field !== 'tokensPerParameter' || member.tokensPerParameter === undefined) return member
    const { tokensPerParameter: _own, ...rest } = member
    return rest
  })

/** Other shapes of the member's size: one of width and depth as wanted, the other as the size has it. */
function shapesOf(
  member: Member,
  field: 'layers' | 'width',
  values: readonly SweepValue[],
  isRelative: boolean,
  { recipe, vocabulary }: PlanBasis,
): Member[] {
  const base = { ...member, name: memberName(member, { recipe, vocabulary }) }
  const sizeOf = ({ layers, width }: { layers: number; width: number }) =>
    countParameters({ layers, width, heads: 1, context: recipe.context, vocabulary })
  const size = sizeOf(base)
  const off = (shape: { layers: number; width: number }) => Math.abs(Math.log(sizeOf(shape) / size))
  const nearest = (shapes: { layers: number; width: number }[]) => shapes.reduce((a, b) => (off(b) < off(a) ? b : a))
  const wanted = [
    ...new Set(
      values.map((value) => Math.max(1, Math.round(isRelative ? Number(value) * base[field] : Number(value)))),
    ),
  ]
  const made = wanted.flatMap((value): Member[] => {
    if (value === base[field]) return [{ ...base, id: `${base.id}${sizeMark}own`, name: shapeName(base, field) }]
    const shape =
      field === 'layers'
        ? nearest(Array.from({ length: 2 * base.width }, (_, i) => ({ layers: value, width: 8 * (i + 1) })))
        : nearest(Array.from({ length: 16 * base.layers }, (_, i) => ({ layers: i + 1, width: value })))
    if (off(shape) > Math.log(1 + sizeTolerance)) return []
    const heads = headsForWidth(shape.width)
    const { published: _published, ...rest } = base
    const id = `${base.id}${sizeMark}${field === 'layers' ? 'l' : 'd'}${value}`
    return [{ ...rest, id, name: shapeName({ ...base, ...shape }, field), ...shape, heads }]
  })
  if (made.length < 2)
    throw new Fault(
      'bad-input',
      `values: at most one of them leaves ${base.name} its size within ${100 * sizeTolerance} %. Give ${field} nearer to its ${base[field]}.`,
    )
  // the study's own last
  return made.sort((a, b) => Number(a.id.endsWith('own')) - Number(b.id.endsWith('own')))
}

const shapeName = ({ name, layers, width }: Member, field: 'layers' | 'width'): string =>
  field === 'layers' ? `${name}, ${layers} layers` : `${name}, width ${width}`

/** Of the study that was swept, by the name of its sweep; another study's own name. */
export const sweptName = (name: string): string => name.replace(/, sweep of .*$/, '')

/** `Standard, sweep of peak learning rate`: what the study of the sweep is called. */
export const sweepName = (name: string, field: SweepField): string =>
  `${sweptName(name)}, sweep of ${field === 'layers' ? 'depth' : inWords(field)}`
