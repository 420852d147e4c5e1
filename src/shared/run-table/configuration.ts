// The configuration of a run, and in what it differs from another's.
import type { MemberPlan } from '../family/ladder.ts'
import type { Recipe } from '../family/recipe.ts'
import { isSameNumber, textOf } from './column.ts'
import { runColumns, type RunColumn, type RunRow } from './run-columns.ts'

/** What came of a run, or is said about it, and is no choice made before it. */
const outcomes = [
  ...['name', 'study', 'state', 'step', 'loss', 'validation', 'bestValidation', 'speed', 'time'],
  ...['device', 'tag', 'studyTag', 'note'],
]

export const configurationColumns: readonly RunColumn[] = runColumns.filter(({ key }) => !outcomes.includes(key))

/** Whether a choice reads the same; numbers that differ by rounding do. */
export function isSameChoice({ of }: RunColumn, a: RunRow, b: RunRow): boolean {
  const [one, other] = [of(a), of(b)]
  if (typeof one === 'number' && typeof other === 'number') return isSameNumber(one, other)
  return textOf(one) === textOf(other)
}

/** The run as its study would train its member today; null where the plan is not read or the member is gone. */
export function asStudyWould(row: RunRow, recipe: Recipe, member: MemberPlan | undefined): RunRow | null {
  if (!row.plan || !member) return null
  return {
    ...row,
    run: {
      ...row.run,
      parameters: member.parameters,
      countedParameters: member.countedParameters,
      flops: member.flops[recipe.flopsConvention],
      steps: member.steps,
      seed: recipe.seed,
    },
    plan: { ...row.plan, recipe, member, seed: recipe.seed },
  }
}
