import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Member } from '#shared/family/ladder.ts'
import { planMember } from '#shared/family/plan.ts'
import { parsePowerRule, powerAt, powerRuleText } from '#shared/family/power-rule.ts'
import { defaultRecipe, type Recipe } from '#shared/family/recipe.ts'
import { countParameters } from '#shared/family/shape.ts'
import { recipeProblem } from '#main/lab/study-schemas.ts'

const stepLaw = '1.79 N^-0.713 D^0.307'
const small: Member = { id: 'a', name: 'a', layers: 4, width: 128, heads: 4, isEnabled: true }
const large: Member = { ...small, id: 'b', layers: 8, width: 512 }
const planned = (member: Member, recipe: Partial<Recipe>) =>
  planMember(member, { recipe: { ...defaultRecipe, ...recipe }, vocabulary: 512 }, null, null)

describe('the text of a rule', () => {
  it('is read as it is written', () => {
    expect(parsePowerRule(stepLaw)).toEqual({ coefficient: 1.79, size: -0.713, tokens: 0.307 })
    expect(parsePowerRule('0.58 D^0.571')).toEqual({ coefficient: 0.58, size: 0, tokens: 0.571 })
    expect(parsePowerRule(' 3e-4 ')).toEqual({ coefficient: 3e-4, size: 0, tokens: 0 })
    fc.assert(
      fc.property(
        fc.double({ min: 1e-6, max: 1e6, noNaN: true }),
        fc.double({ min: -2, max: 2, noNaN: true }),
        fc.double({ min: -2, max: 2, noNaN: true }),
        (coefficient, size, tokens) => {
          const text = powerRuleText({ coefficient, size, tokens })
          expect(powerRuleText(parsePowerRule(text)!)).toBe(text)
        },
      ),
    )
  })

  it.each(['', 'N^2', '0 N^1', '-1 N^1', '1 N^', '1 M^2', '1 N^1 N^2', '1e999', '1..2'])('is not %j', (text) => {
    expect(parsePowerRule(text)).toBeNull()
    expect(recipeProblem({ ...defaultRecipe, peakLearningRateLaw: text })).toMatch(/^peakLearningRateLaw must be a law/)
  })
})

describe('a recipe with a law', () => {
  it('gives each member its own rate', () => {
    for (const member of [small, large]) {
      const plan = planned(member, { peakLearningRateLaw: stepLaw })
      const due = powerAt(parsePowerRule(stepLaw)!, countParameters(plan.shape), plan.tokens)
      expect(plan.peakLearningRate / due).toBeCloseTo(1, 2)
    }
    expect(planned(large, { peakLearningRateLaw: stepLaw }).peakLearningRate).toBeLessThan(
      planned(small, { peakLearningRateLaw: stepLaw }).peakLearningRate,
    )
  })

  it('gives each member its own batch, in whole sequences', () => {
    const batchTokensLaw = '0.58 D^0.571'
    for (const member of [small, large]) {
      const { batchSequences, tokens } = planned(member, { batchTokensLaw })
      expect(Math.abs(batchSequences * 128 - 0.58 * tokens ** 0.571)).toBeLessThan(129)
    }
  })

  it('leaves a rate that was chosen alone, and refuses one that no training bears', () => {
    expect(planned(small, { peakLearningRate: 0.002, peakLearningRateLaw: stepLaw }).peakLearningRate).toBe(0.002)
    expect(planned(small, { peakLearningRateLaw: '1 N^0.5' }).refusal).toMatch(
      /^The law of the peak learning rate gives \d+ for it; a rate is above 0 and at most 10\.$/,
    )
  })
})
