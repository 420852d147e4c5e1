// How a recipe must read so that its rules give a member the plan that it once had.
import type { RunPlan } from '../run.ts'
import { planMember } from './plan.ts'
import type { Recipe } from './recipe.ts'
import { tokensStretch } from './schedule.ts'

/**
 * The fields that make it so: none where the run's own recipe does, else tokens per parameter, and with it the batch
 * size, of a member that had its own. Null where no recipe does: a published schedule.
 */
export function withTokens({ member, recipe }: Pick<RunPlan, 'member' | 'recipe'>): Partial<Recipe> | null {
  const { tokens, countedParameters, batchSequences, shape } = member
  const tokensPerParameter = tokens / tokensStretch(recipe.decay) / countedParameters
  const batchTokens = batchSequences * shape.context
  const tries: Partial<Recipe>[] = [{}, { tokensPerParameter }, { tokensPerParameter, batchTokens }]
  return tries.find((changes) => isSamePlan(member, { ...recipe, ...changes })) ?? null
}

function isSamePlan(member: RunPlan['member'], recipe: Recipe): boolean {
  const { layers, width, heads, vocabulary } = member.shape
  const again = planMember(
    { id: member.memberId, name: member.name, layers, width, heads, isEnabled: true },
    { recipe, vocabulary },
    null,
    null,
  )
  const essence = ({
    shape,
    steps,
    batchSequences,
    warmupSteps,
    peakLearningRate,
    phases,
    ...rest
  }: RunPlan['member']) =>
    JSON.stringify([
      ...[shape.context, steps, batchSequences, warmupSteps, peakLearningRate, phases ?? null],
      ...[rest.decay ?? null, rest.finalFraction ?? null, rest.epsilon ?? null, rest.residualStd ?? null],
    ])
  return essence(again) === essence(member)
}
