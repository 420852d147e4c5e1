// A study's twin with one field of its recipe changed: what it would cost, and the twin with its trainings begun.
import {
  type RecipeChange,
  trialCost,
  type TrialChoices,
  type TrialCost,
  type TrialStep,
  trialSteps,
  twinName,
} from '#shared/comparison/trial.ts'
import type { MemberPlan } from '#shared/family/ladder.ts'
import type { Recipe } from '#shared/family/recipe.ts'
import { Fault } from '#shared/fault.ts'
import type { Study } from '#shared/study.ts'
import type { Studies } from './studies.ts'

export interface TrialDeps {
  studies: Pick<Studies, 'read' | 'planWith' | 'twin' | 'delete'>
  /** Queues runs of the study under the step's recipe. */
  start: (study: Study, steps: readonly TrialStep[]) => Promise<unknown>
}

export function createTrials({ studies, start }: TrialDeps) {
  const work = (studyId: string, change: RecipeChange, choices: TrialChoices) => {
    const study = studies.read(studyId)
    const recipe: Recipe = { ...study.recipe, ...change }
    const [field] = Object.keys(change) as (keyof RecipeChange)[]
    if (recipe[field] === study.recipe[field])
      throw new Fault(
        'bad-input',
        `change.${field}: the study has ${String(recipe[field] ?? 'this')} already. Give another value.`,
      )
    const planned = (under: Recipe): MemberPlan[] => studies.planWith(study, under)
    const steps = trialSteps(recipe, study.ladder, choices, planned)
    const withPlans = steps.map((step) => ({
      ...step,
      plans: planned(step.recipe).filter(({ memberId }) => step.memberIds.includes(memberId)),
    }))
    const name = twinName(study.name, change)
    return { study, recipe, steps, cost: trialCost(name, withPlans, recipe.flopsConvention) }
  }

  return {
    cost: (studyId: string, change: RecipeChange, choices: TrialChoices): TrialCost =>
      work(studyId, change, choices).cost,
    async begin(studyId: string, change: RecipeChange, choices: TrialChoices): Promise<Study> {
      const { study, recipe, steps, cost } = work(studyId, change, choices)
      if (cost.problem !== null) throw new Fault('bad-input', cost.problem)
      const twin = studies.twin(study, cost.name, recipe)
      try {
        await start(twin, steps)
      } catch (error) {
        studies.delete(twin.id) // what cannot begin leaves nothing behind
        throw error
      }
      return twin
    },
  }
}
