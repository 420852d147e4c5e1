import { describe, expect, it } from 'vitest'
import type { Ladder } from '#shared/family/ladder.ts'
import { planLadder } from '#shared/family/plan.ts'
import { starterPreset, studyPartsOf } from '#shared/family/presets.ts'
import type { Recipe } from '#shared/family/recipe.ts'
import { countParameters } from '#shared/family/shape.ts'
import { planSweep, type SweepChoices, sweepName, usualFactors } from '#shared/sweep/plan.ts'

const { recipe, ladder } = studyPartsOf(starterPreset)
const memberIds = ladder.members.slice(0, 2).map(({ id }) => id)
const planned = (of: Ladder, under: Recipe) => planLadder(of, { recipe: under, vocabulary: 512 }, null, null)
const usual: SweepChoices = { field: 'peakLearningRate', values: usualFactors, isRelative: true, memberIds, seeds: 1 }
const plan = (choices: Partial<SweepChoices>, under: Recipe = recipe) =>
  planSweep({ recipe: under, ladder }, { ...usual, ...choices }, { vocabulary: 512 }, planned)

describe('the plan of a sweep', () => {
  it('tries multiples of what each member has by rule, the rule’s own value last', () => {
    const { steps, ladder: swept } = plan({})
    expect(swept.members.map(({ id }) => id)).toEqual(memberIds)
    const own = planned(ladder, recipe).slice(0, 2)
    expect(steps.slice(0, 2).map(({ recipe: one, memberIds: of }) => [one.peakLearningRate, of])).toEqual(
      own.map(({ peakLearningRate, memberId }) => [expect.closeTo(peakLearningRate / 4, 6), [memberId]]),
    )
    expect(steps.at(-1)).toMatchObject({ recipe, memberIds })
    expect(steps).toHaveLength(9)
  })

  it('gives every member the same values where they are not relative, each seed in turn', () => {
    const { steps } = plan({ field: 'decay', values: ['linear', 'cosine', 'wsd'], isRelative: false, seeds: 2 })
    expect(steps.map(({ recipe: one, memberIds: of }) => [one.decay, one.seed, of.length])).toEqual([
      ['cosine', 0, 2],
      ['wsd', 0, 2],
      ['linear', 0, 2],
      ['cosine', 1, 2],
      ['wsd', 1, 2],
      ['linear', 1, 2],
    ])
  })

  it('changes the tokens per parameter of members that have their own, too', () => {
    const own = { ...ladder, members: ladder.members.map((member) => ({ ...member, tokensPerParameter: 5 })) }
    const choices = { ...usual, field: 'tokensPerParameter' as const, values: [10, 40], isRelative: false }
    const { steps, ladder: swept } = planSweep({ recipe, ladder: own }, choices, { vocabulary: 512 }, planned)
    for (const step of steps)
      for (const { tokens, countedParameters } of planned(swept, step.recipe))
        expect(tokens / countedParameters).toBeCloseTo(step.recipe.tokensPerParameter, -0.5)
  })

  it.each(['layers', 'width'] as const)('tries another %s at the same size', (field) => {
    const values = field === 'layers' ? [1, 2, 3, 4, 6] : [24, 28, 32, 40]
    const { steps, ladder: swept } = plan({ field, values, isRelative: false, memberIds: [memberIds[0]] })
    const size = (member: { layers: number; width: number }) =>
      countParameters({ ...member, heads: 1, context: recipe.context, vocabulary: 512 })
    const [base] = ladder.members
    expect(swept.members.length).toBeGreaterThanOrEqual(3)
    for (const member of swept.members) {
      expect(values).toContain(member[field])
      expect(Math.abs(Math.log(size(member) / size(base)))).toBeLessThan(Math.log(1.15))
      expect(member.width % member.heads).toBe(0)
      expect(member.id.startsWith(`${base.id}~`)).toBe(true)
    }
    expect(steps.flatMap((step) => step.memberIds)).toEqual(swept.members.map(({ id }) => id))
    expect(swept.members.at(-1)).toMatchObject({ layers: base.layers, width: base.width })
  })

  it('refuses what cannot be', () => {
    expect(() => plan({ values: [1, 1] })).toThrow(/at least two/)
    expect(() => plan({ memberIds: ['nobody'] })).toThrow(/no member nobody/)
    expect(() => plan({ field: 'decay', values: ['linear', 'slow'], isRelative: false })).toThrow(/slow cannot be/)
    expect(() => plan({ field: 'seed', values: [1, 2] })).toThrow(/no multiples/)
    expect(() => plan({ field: 'context', values: [64.5, 128], isRelative: false })).toThrow(/whole numbers/)
    expect(() => plan({ field: 'initStd', values: [1, 2] })).toThrow(/left to a rule/)
    expect(() => plan({ field: 'layers', values: [100, 200], isRelative: false })).toThrow(/its size within 15 %/)
  })

  it('is called after what it sweeps', () => {
    expect(sweepName('Standard', 'peakLearningRate')).toBe('Standard, sweep of peak learning rate')
    expect(sweepName('Standard, sweep of depth', 'seed')).toBe('Standard, sweep of seed')
    expect(sweepName('Standard', 'layers')).toBe('Standard, sweep of depth')
  })
})
