// Studies made after another, to be trained at once: what each step trains, and a twin that is there once it began.
import type { TrialStep } from '#shared/comparison/trial.ts'
import type { MemberPlan } from '#shared/family/ladder.ts'
import type { Recipe } from '#shared/family/recipe.ts'
import type { Study } from '#shared/study.ts'
import type { Studies } from './studies.ts'

export interface TwinDeps {
  studies: Pick<Studies, 'read' | 'planWith' | 'twin' | 'delete'>
  /** Queues runs of the study under each step's recipe. */
  start: (study: Study, steps: readonly TrialStep[]) => Promise<unknown>
}

/** Each step with the plans of the members that it trains. */
export const withPlans = (
  steps: readonly TrialStep[],
  planned: (recipe: Recipe) => MemberPlan[],
): (TrialStep & { plans: MemberPlan[] })[] =>
  steps.map((step) => ({
    ...step,
    plans: planned(step.recipe).filter(({ memberId }) => step.memberIds.includes(memberId)),
  }))

/** Makes the twin of a study and begins its trainings; where they cannot begin, nothing is left behind. */
export async function beginTwin(
  { studies, start }: TwinDeps,
  study: Study,
  name: string,
  recipe: Recipe,
  steps: readonly TrialStep[],
): Promise<Study> {
  const twin = studies.twin(study, name, recipe)
  try {
    await start(twin, steps)
  } catch (error) {
    studies.delete(twin.id)
    throw error
  }
  return twin
}
