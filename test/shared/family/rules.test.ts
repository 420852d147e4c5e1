import { expect, it } from 'vitest'
import { modelOf } from '#shared/family/parametrisation.ts'
import { planMember } from '#shared/family/plan.ts'
import { presets, studyPartsOf } from '#shared/family/presets.ts'
import { defaultRecipe } from '#shared/family/recipe.ts'
import { changedRecipe, initStdRule, peakLearningRateRule, tunedMup } from '#shared/family/rules.ts'

it('first weights follow the width alone, whichever way in made the member', () => {
  const member = { id: 'm', name: 'm', layers: 2, width: 64, heads: 4, isEnabled: true }
  const beginning = (recipe: typeof defaultRecipe) =>
    modelOf(planMember(member, { recipe, vocabulary: 512 }, null, null), recipe).parametrisation.initStd.embedding
  const desktop = presets.filter(({ kind }) => kind === 'desktop').map(({ id }) => studyPartsOf(id).recipe)
  for (const recipe of [defaultRecipe, ...desktop]) expect(beginning(recipe)).toBe(0.08)
})

it('the rule leads from the narrowest models to GPT-2 and Cerebras-GPT', () => {
  const standard = { parametrisation: 'standard' } as const
  expect([24, 96, 192, 384, 768, 2048].map((width) => initStdRule(standard, width))).toEqual([
    0.08, 0.08, 0.08, 0.04, 0.02, 0.02,
  ])
  expect(initStdRule({ parametrisation: 'mup' }, 2048)).toBe(0.08)
})

it('muP unless told otherwise is the tuned set whole, and its rate goes with no other base width', () => {
  const mup = { ...defaultRecipe, parametrisation: 'mup' as const }
  const member = { id: 'm', name: 'm', layers: 2, width: 512, heads: 4, isEnabled: true }
  const planned = (recipe: typeof defaultRecipe) => {
    const plan = planMember(member, { recipe, vocabulary: 512 }, null, null)
    return { rate: plan.peakLearningRate, ...modelOf(plan, recipe).parametrisation }
  }
  expect(planned(mup)).toEqual(planned({ ...defaultRecipe, ...tunedMup }))
  expect(planned(mup)).toMatchObject({ rate: 6e-3, embeddingScale: 10, outputScale: 0.5 })
  expect(peakLearningRateRule({ parametrisation: 'mup', mupBaseWidth: 64 }, 512)).toBe(
    peakLearningRateRule({ parametrisation: 'standard', mupBaseWidth: 64 }, 64),
  )
})

it('a rate tuned at width 256 is not paired with another base width, unless it is asked for by name', () => {
  const tuned: typeof defaultRecipe = { ...defaultRecipe, ...tunedMup }
  expect(changedRecipe(tuned, { mupBaseWidth: 64 })).toMatchObject({ mupBaseWidth: 64, peakLearningRate: null })
  expect(changedRecipe(tuned, { mupBaseWidth: 64, peakLearningRate: 6e-3 }).peakLearningRate).toBe(6e-3)
  expect(changedRecipe(tuned, { clipNorm: 2 })).toEqual({ ...tuned, clipNorm: 2 })
  expect(changedRecipe({ ...tuned, peakLearningRate: 4e-3 }, { mupBaseWidth: 64 }).peakLearningRate).toBe(4e-3)
})
