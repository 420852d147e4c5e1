// *Try a change*: what a study's twin would train, one field of the recipe changed, before anything runs.
import type { Ladder, MemberPlan } from '../family/ladder.ts'
import type { FlopsConvention, Recipe } from '../family/recipe.ts'
import { rounded } from '../numbers.ts'
import { inWords } from './fairness.ts'

/** One field of a recipe with its new value. */
export type RecipeChange = Partial<Omit<Recipe, 'seed'>>

export interface TrialChoices {
  /** Trainings of every member, each with another seed. */
  seeds: number
  /** Trains the smallest member at slower and faster rates first, so that one sees whether its rate is a good one. */
  isSwept: boolean
}

export const usualTrial: TrialChoices = { seeds: 3, isSwept: true }

/** Trainings under one recipe; several make a trial. */
export interface TrialStep {
  recipe: Recipe
  memberIds: string[]
  purpose: 'sweep' | 'seed'
}

/** What a person sees before it starts. */
export interface TrialCost {
  name: string
  sweepRuns: number
  seedRuns: number
  flops: number
  /** On this machine; null where it was not measured. */
  seconds: number | null
  /** Why it cannot start; null where it can. */
  problem: string | null
}

/** Beside the rate that the members train with, which is a part of the sweep as it is. */
const sweepFactors = [0.25, 0.5, 2, 4]

/** `planned` says what a member takes under a recipe. */
export function trialSteps(
  recipe: Recipe,
  { members }: Pick<Ladder, 'members'>,
  { seeds, isSwept }: TrialChoices,
  planned: (recipe: Recipe) => readonly MemberPlan[],
): TrialStep[] {
  const enabled = new Set(members.filter(({ isEnabled }) => isEnabled).map(({ id }) => id))
  const plans = planned(recipe).filter(({ memberId }) => enabled.has(memberId))
  const [smallest] = [...plans].sort((a, b) => a.parameters - b.parameters)
  if (!smallest) return []
  const sweep = sweepFactors.map((factor): TrialStep => ({
    recipe: { ...recipe, peakLearningRate: rounded(factor * smallest.peakLearningRate) },
    memberIds: [smallest.memberId],
    purpose: 'sweep',
  }))
  // The members themselves come last: what was trained last stands on the law.
  const ladder = Array.from({ length: seeds }, (_, i): TrialStep => ({
    recipe: { ...recipe, seed: (recipe.seed + i) >>> 0 },
    memberIds: plans.map(({ memberId }) => memberId),
    purpose: 'seed',
  }))
  return [...(isSwept ? sweep : []), ...ladder]
}

export function trialCost(
  name: string,
  steps: readonly (TrialStep & { plans: readonly MemberPlan[] })[],
  convention: FlopsConvention,
): TrialCost {
  const runs = steps.flatMap(({ plans, purpose }) => plans.map((plan) => ({ plan, purpose })))
  const refused = runs.find(({ plan }) => plan.refusal !== null)?.plan
  const unscored = runs.find(({ plan }) => plan.isUnscored)?.plan
  const isTimed = runs.every(({ plan }) => plan.seconds !== null)
  return {
    name,
    sweepRuns: runs.filter(({ purpose }) => purpose === 'sweep').length,
    seedRuns: runs.filter(({ purpose }) => purpose === 'seed').length,
    flops: runs.reduce((sum, { plan }) => sum + plan.flops[convention], 0),
    seconds: isTimed ? runs.reduce((sum, { plan }) => sum + plan.seconds!, 0) : null,
    problem: refused
      ? `${refused.name} cannot be trained: ${refused.refusal}`
      : runs.length === 0
        ? 'The study has no members to train.'
        : unscored
          ? `${unscored.name} could not be judged: ${unscored.warnings.at(-1)}`
          : null,
  }
}

/** `Standard, decay wsd`: what the twin is called. */
export const twinName = (name: string, change: RecipeChange): string =>
  [name, ...Object.entries(change).map(([field, value]) => `${inWords(field)} ${value ?? 'by rule'}`)].join(', ')
