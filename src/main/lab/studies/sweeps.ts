// A sweep over one field: what it would cost, and a study of its own with its trainings begun.
import { trialCost, type TrialCost } from '#shared/comparison/trial.ts'
import { mostSweepRuns } from '#shared/bounds.ts'
import type { Ladder, MemberPlan } from '#shared/family/ladder.ts'
import type { Recipe } from '#shared/family/recipe.ts'
import { Fault } from '#shared/fault.ts'
import type { Study } from '#shared/study.ts'
import { planSweep, type SweepChoices, sweepName } from '#shared/sweep/plan.ts'
import { vocabularyOf } from '#shared/tokenizer/vocabulary.ts'
import { beginTwin, type TwinDeps, withPlans } from './twins.ts'

export interface SweepDeps extends TwinDeps {
  /** What of a recipe cannot be, as a sentence's words; null where all of it can. */
  problemOf: (recipe: Recipe) => string | null
}

export function createSweeps(deps: SweepDeps) {
  const { studies, problemOf } = deps
  const work = (studyId: string, choices: SweepChoices) => {
    const study = studies.read(studyId)
    const planned = (ladder: Ladder, under: Recipe): MemberPlan[] => studies.planWith({ ...study, ladder }, under)
    const { ladder, steps } = planSweep(study, choices, { vocabulary: vocabularyOf(study.tokenizer) }, planned)
    for (const { recipe } of steps) {
      const problem = problemOf(recipe)
      if (problem !== null) throw new Fault('bad-input', `values: ${problem}.`)
    }
    const planSteps = withPlans(steps, (recipe) => planned(ladder, recipe))
    const cost = trialCost(sweepName(study.name, choices.field), planSteps, study.recipe.flopsConvention)
    if (cost.sweepRuns > mostSweepRuns)
      throw new Fault(
        'bad-input',
        `This sweep would be ${cost.sweepRuns} trainings; ${mostSweepRuns} are the most. Give fewer values, members or seeds.`,
      )
    return { study: { ...study, ladder }, steps, cost }
  }

  return {
    cost: (studyId: string, choices: SweepChoices): TrialCost => work(studyId, choices).cost,
    async begin(studyId: string, choices: SweepChoices): Promise<Study> {
      const { study, steps, cost } = work(studyId, choices)
      if (cost.problem !== null) throw new Fault('bad-input', cost.problem)
      return beginTwin(deps, study, cost.name, study.recipe, steps)
    },
  }
}
