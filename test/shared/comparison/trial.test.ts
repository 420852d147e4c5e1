import { describe, expect, it } from 'vitest'
import { trialCost, trialSteps, twinName } from '#shared/comparison/trial.ts'
import { planLadder } from '#shared/family/plan.ts'
import { starterPreset, studyPartsOf } from '#shared/family/presets.ts'
import type { Recipe } from '#shared/family/recipe.ts'

const { recipe, ladder } = studyPartsOf(starterPreset)
const machine = { memoryBytes: 1e10, calibration: [{ width: 32, flopsPerSecond: 2e10 }] }
const planned = (under: Recipe) => planLadder(ladder, { recipe: under, vocabulary: 512 }, null, machine)

describe('a trial', () => {
  it('sweeps the smallest member around its rate, then trains every member once for each seed', () => {
    const steps = trialSteps({ ...recipe, decay: 'wsd' }, ladder, { seeds: 2, isSwept: true }, planned)
    expect(steps.map(({ purpose, memberIds }) => [purpose, memberIds.length])).toEqual([
      ['sweep', 1],
      ['sweep', 1],
      ['sweep', 1],
      ['sweep', 1],
      ['seed', 5],
      ['seed', 5],
    ])
    // by rule the narrowest has 0.01, which its own training adds to the sweep
    expect(steps.slice(0, 4).map((step) => step.recipe.peakLearningRate)).toEqual([0.0025, 0.005, 0.02, 0.04])
    expect(steps.slice(4).map((step) => [step.recipe.seed, step.recipe.peakLearningRate])).toEqual([
      [0, null],
      [1, null],
    ])
    expect(steps.every((step) => step.recipe.decay === 'wsd')).toBe(true)
  })

  it('leaves out what is switched off', () => {
    const members = ladder.members.map((member, i) => ({ ...member, isEnabled: i > 0 }))
    const steps = trialSteps(recipe, { members }, { seeds: 1, isSwept: true }, planned)
    expect(steps[0].memberIds).toEqual([members[1].id])
    expect(steps[4].memberIds).toEqual(members.slice(1).map(({ id }) => id))
  })

  it('costs what its trainings cost together', () => {
    const steps = trialSteps(recipe, ladder, { seeds: 3, isSwept: true }, planned)
    const withPlans = steps.map((step) => ({
      ...step,
      plans: planned(step.recipe).filter(({ memberId }) => step.memberIds.includes(memberId)),
    }))
    const cost = trialCost('Twin', withPlans, 'sixNd')
    const each = planned(recipe).map(({ flops }) => flops.sixNd)
    const whole = each.reduce((sum, one) => sum + one, 0)
    expect(cost).toMatchObject({ sweepRuns: 4, seedRuns: 15, problem: null })
    expect(cost.flops).toBeCloseTo(4 * each[0] + 3 * whole, -6)
    expect(cost.seconds).toBeGreaterThan(0)
    expect(trialCost('Twin', [], 'sixNd').problem).toMatch(/no members/)
  })

  it('does not begin where nothing could judge it: a validation split shorter than one sequence', () => {
    const splits = { train: 1e6, validation: 128, test: 128 }
    const costOf = (context: number) => {
      const plans = planLadder(ladder, { recipe: { ...recipe, context }, vocabulary: 512 }, splits, machine)
      return trialCost('Twin', [{ recipe, memberIds: [], purpose: 'sweep', plans }], 'sixNd')
    }
    expect(costOf(127).problem).toBeNull()
    expect(costOf(128).problem).toMatch(/could not be judged: The validation split has 128 tokens and .* needs 129/)
  })

  it('is called after the change', () => {
    expect(twinName('Standard', { decay: 'wsd' })).toBe('Standard, decay wsd')
    expect(twinName('Standard', { peakLearningRate: null })).toBe('Standard, peak learning rate by rule')
  })
})
