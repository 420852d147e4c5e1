// What a run's plan says of it: repeats share their setting, everything else does not.
import { expect, it } from 'vitest'
import { emulatedName, type ClusterChoice } from '#shared/cluster/live.ts'
import { planLadder } from '#shared/family/plan.ts'
import { starterPreset, studyPartsOf } from '#shared/family/presets.ts'
import { makeRunPlan, queuedSummary } from '#main/lab/runs/make-run.ts'
import type { Study } from '#shared/study.ts'

const { recipe, ladder } = studyPartsOf(starterPreset)
const summary = (changes: Partial<Study['recipe']> = {}, place = 0, cluster?: ClusterChoice) => {
  const study: Study = {
    id: 's',
    name: 's',
    corpusId: 'c',
    tokenizer: { kind: 'bytes' },
    recipe: { ...recipe, ...changes },
    ladder,
    isArchived: false,
    createdMs: 0,
    updatedMs: 0,
  }
  const member = planLadder(ladder, { recipe: study.recipe, vocabulary: 257 }, null, null)[place]
  return queuedSummary(makeRunPlan(study, member, 'r', 'native', 1, cluster), 0)
}

it('is called after its emulated cluster as well', () => {
  expect(emulatedName('43.9k', undefined)).toBe('43.9k')
  expect(emulatedName('43.9k', 1)).toBe('43.9k ×1 system')
  expect(emulatedName(emulatedName('43.9k', 4), 4)).toBe('43.9k ×4 systems')
  expect(summary({}, 0, { systems: 4 }).name).toBe(`${summary().name} ×4 systems`)
})

it('tells trainings apart that differ in more than their seed', () => {
  const one = summary()
  expect(one.seed).toBe(recipe.seed)
  const repeat = summary({ seed: recipe.seed + 1 })
  expect(repeat.seed).toBe(recipe.seed + 1)
  expect(repeat.setting).toBe(one.setting)
  const others = [
    summary({}, 1),
    summary({ peakLearningRate: 0.1 }),
    summary({ weightDecay: 0 }),
    summary({ tokensPerParameter: 5 }),
  ]
  expect(new Set([one, ...others].map(({ setting }) => setting)).size).toBe(5)
})
