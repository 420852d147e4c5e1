// The configuration of a run beside another's.
import { expect, test } from 'vitest'
import { planMember } from '#shared/family/plan.ts'
import { defaultRecipe } from '#shared/family/recipe.ts'
import type { RunPlan } from '#shared/run.ts'
import { asStudyWould, configurationColumns, isSameChoice } from '#shared/run-table/configuration.ts'
import { recipeTitles, type RunRow } from '#shared/run-table/run-columns.ts'
import { runSummary } from '../../support/run-summary.ts'

const member = { id: 'a', name: 'a', layers: 2, width: 32, heads: 2, isEnabled: true }
const memberPlan = (recipe = defaultRecipe) => planMember(member, { recipe, vocabulary: 257 }, null, null)
const row = (recipe = defaultRecipe): RunRow => {
  const planned = memberPlan(recipe)
  return {
    run: { ...runSummary(), parameters: planned.parameters, countedParameters: planned.countedParameters, seed: 0 },
    plan: { recipe, member: planned } as RunPlan,
    study: 'A',
    tags: [],
    studyTags: [],
    note: '',
  }
}
const differing = (a: RunRow, b: RunRow) =>
  configurationColumns.filter((column) => !isSameChoice(column, a, b)).map(({ key }) => key)

test('the same configuration differs in nothing, whatever came of it', () => {
  const other = row()
  expect(differing(row(), { ...other, run: { ...other.run, loss: 1, name: 'b', state: 'failed' } })).toEqual([])
})

test('what was changed is named, with all that follows from it', () => {
  expect(differing(row(), row({ ...defaultRecipe, weightDecay: 0.3 }))).toEqual(['weightDecay'])
  expect(differing(row(), row({ ...defaultRecipe, tokensPerParameter: 40 }))).toEqual(
    expect.arrayContaining(['d', 'tokensPerParam', 'recipeTokensPerParameter']),
  )
})

test('a run differs from its study by what was changed in the study since', () => {
  const recipe = { ...defaultRecipe, seed: 4, beta2: 0.99 }
  const study = asStudyWould(row(), recipe, memberPlan(recipe))!
  expect(differing({ ...row(), run: study.run, plan: row().plan }, study)).toEqual(['beta2'])
  expect(differing(row(), study)).toContain('seed')
  expect(asStudyWould(row(), recipe, undefined)).toBeNull()
})

test('every field of a recipe is part of the configuration', () => {
  const titles = configurationColumns.map(({ title }) => title)
  expect(Object.values(recipeTitles).filter((title) => !titles.includes(title))).toEqual([])
})
