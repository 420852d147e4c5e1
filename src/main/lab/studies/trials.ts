// A study's twin with one field of its recipe changed: what it would cost, and the twin with its trainings begun.
import {
  type RecipeChange,
  trialCost,
  type TrialChoices,
  type TrialCost,
  trialSteps,
  twinName,
} from '#shared/comparison/trial.ts'
import type { MemberPlan } from '#shared/family/ladder.ts'
import type { Recipe } from '#shared/family/recipe.ts'
import { Fault } from '#shared/fault.ts'
import type { Study } from '#shared/study.ts'
import { beginTwin, type TwinDeps, withPlans } from './twins.ts'

export function createTrials(deps: TwinDeps) {
  const { studies } = deps
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
    const cost = trialCost(twinName(study.name, change), withPlans(steps, planned), recipe.flopsConvention)
    return { study, recipe, steps, cost }
  }

  return {
    cost: (studyId: string, change: RecipeChange, choices: TrialChoices): TrialCost =>
      work(studyId, change, choices).cost,
    async begin(studyId: string, change: RecipeChange, choices: TrialChoices): Promise<Study> {
      const { study, recipe, steps, cost } = work(studyId, change, choices)
      if (cost.problem !== null) throw new Fault('bad-input', cost.problem)
      return beginTwin(deps, study, cost.name, recipe, steps)
    },
  }
}
