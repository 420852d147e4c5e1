import { describe, expect, it } from 'vitest'
import { defaultRecipe } from '#shared/family/recipe.ts'
import type { RunPlan, RunSummary } from '#shared/run.ts'
import { powerAt } from '#shared/family/power-rule.ts'
import type { SweepRun } from '#shared/sweep/curves.ts'
import { rateLawOf, rateLawWords, stepLaw } from '#shared/sweep/rate-law.ts'

/** Trainings of one size at five values around `best`, the loss a parabola in the logarithm. */
const sweep = (
  field: 'peakLearningRate' | 'batchTokens',
  parameters: number,
  tokens: number,
  best: number,
): SweepRun[] =>
  [0.35, 0.6, 1, 1.7, 2.9].map((times, i) => {
    const value = field === 'batchTokens' ? Math.round((best * times) / 128) * 128 : best * times
    const recipe = { ...defaultRecipe, [field]: value }
    const id = `m${parameters}-${tokens}`
    return {
      run: {
        id: `${id} ${i}`,
        memberId: id,
        name: id,
        parameters,
        state: 'finished',
        validationLoss: 3 + 0.1 * Math.log(value / best) ** 2,
      } as RunSummary,
      plan: {
        corpusId: 'c',
        tokenizer: { kind: 'bytes' },
        recipe,
        seed: 0,
        member: {
          shape: { layers: 2, width: 64, heads: 2, context: 128, vocabulary: 257 },
          steps: 100,
          batchSequences: field === 'batchTokens' ? value / 128 : 4,
          warmupSteps: 5,
          tokens,
          countedParameters: parameters,
          peakLearningRate: recipe.peakLearningRate ?? 0.006,
        },
      } as RunPlan,
    }
  })

const grid = [6e7, 2e8, 1e9].flatMap((n) => [2e9, 2e10].map((d): [number, number] => [n, d]))

describe('the law of the best rate', () => {
  it('is Step Law’s where its own optima are swept', () => {
    const law = rateLawOf(
      grid.flatMap(([n, d]) => sweep('peakLearningRate', n, d, powerAt(stepLaw.peakLearningRate, n, d))),
      'peakLearningRate',
    )!
    expect(law.coefficient).toBeCloseTo(1.79, 3)
    expect(law.size).toBeCloseTo(-0.713, 6)
    expect(law.tokens).toBeCloseTo(0.307, 6)
    expect(law).toMatchObject({ sizes: 6, isOneLine: false })
    expect(rateLawWords(law, { name: '200M', parameters: 2e8, tokens: 4e9 })).toMatch(
      /N\^−0\.713 D\^0\.307 over 6 sizes; Step Law: 1\.79 N\^−0\.713 D\^0\.307 .*For 200M: 0\.00\d+, by Step Law/,
    )
  })

  it('has one exponent where tokens follow from parameters', () => {
    const law = rateLawOf(
      [6e7, 2e8, 1e9].flatMap((n) =>
        sweep('peakLearningRate', n, 20 * n, powerAt(stepLaw.peakLearningRate, n, 20 * n)),
      ),
      'peakLearningRate',
    )!
    expect(law.isOneLine).toBe(true)
    expect(law.size).toBeCloseTo(-0.713 + 0.307, 6)
    expect(powerAt(law, 4e8, 8e9)).toBeCloseTo(powerAt(stepLaw.peakLearningRate, 4e8, 8e9), 9)
  })

  it('is not known from one size', () => {
    expect(rateLawOf(sweep('peakLearningRate', 1e6, 2e7, 0.004), 'peakLearningRate')).toBeNull()
  })
})

it('the best batch follows the tokens', () => {
  const law = rateLawOf(
    [1e9, 1e10, 1e11].flatMap((d) => sweep('batchTokens', 1e8 + d, d, powerAt(stepLaw.batchTokens, 1, d))),
    'batchTokens',
  )!
  expect(law.tokens).toBeCloseTo(0.571, 2)
  expect(law.size).toBe(0)
})
