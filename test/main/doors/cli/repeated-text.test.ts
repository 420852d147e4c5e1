// What a forecast makes of a text that is shorter than its budget asks for.
import { expect, it } from 'vitest'
import { defaultRecipe } from '#shared/family/recipe.ts'
import { effectiveTokens, publishedRepeats } from '#shared/scaling/repeated.ts'
import { repeatsOf, repeatsText } from '#main/doors/cli/repeated-text.ts'
import type { StudyPoints } from '#main/doors/cli/study-points.ts'

const unique = 1e5

/** Trainings on a text of 100,000 tokens, by a law whose R* is 4. */
function study(epochs: readonly number[]): StudyPoints {
  const runs = epochs.flatMap((epoch) =>
    [2e4, 6e4, 2e5].map((parameters) => {
      const tokens = epoch * unique
      const loss = 1.5 + 400 / parameters ** 0.55 + 300 / effectiveTokens(tokens, unique, 4) ** 0.5
      return { parameters, tokens, loss, flops: 6 * parameters * tokens, name: `${parameters}`, isOnLine: true }
    }),
  )
  return { runs, recipe: defaultRecipe, vocabulary: 512, trainTokens: unique, bytesPerToken: [2], remarks: [] }
}

it('is that of the study’s own runs where they read their text again, else as published', () => {
  const own = repeatsOf(1e6, undefined, study([0.5, 1, 8, 20]))!
  expect(own.repeats).toBeCloseTo(4, 1)
  expect(own.worth / effectiveTokens(1e6, unique, 4)).toBeCloseTo(1, 2)
  expect(repeatsText(own)[0]).toMatch(/read 10\.0 times, worth .* \(R\* 4\.0\d, fitted to the study’s runs\)/)
  const published = repeatsOf(1e6, undefined, study([0.25, 0.5, 1]))!
  expect(published.repeats).toBe(publishedRepeats)
  expect(repeatsText(published)[0]).toContain('Muennighoff')
})

it('is nothing where the text lasts, or nobody said how long it is', () => {
  expect(repeatsOf(5e4, undefined, study([1]))).toBeNull()
  expect(repeatsOf(1e6, 2e6, study([1]))).toBeNull()
  expect(repeatsOf(1e6, undefined, null)).toBeNull()
  expect(repeatsOf(1e6, 5e5, null)).toMatchObject({ epochs: 2, unique: 5e5, isFitted: false })
})
