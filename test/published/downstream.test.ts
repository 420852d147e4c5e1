// Loss to accuracy on published models: fitted up to a size, a larger one predicted; the same as numpy and scipy say
// (downstream.py).
import { describe, expect, it } from 'vitest'
import { publishedTaskPoints } from '#shared/evaluation/task-points.ts'
import { fitTwoStep, holdOutScore, type TwoStep } from '#shared/scaling/downstream/two-step.ts'
import { scoreAt } from '#shared/scaling/downstream/score-link.ts'

const meanChance = (4 * 0.25 + 2 * 0.5 + 0) / 7
/** Task, chance, then of scipy: steepness, middle, 13B at its own loss, 13B at the loss predicted for it. */
const reference = [
  ['hellaswag', 0.25, 3.7063234, 1.42128, 0.5229006, 0.5346237],
  ['piqa', 0.5, 1.4614792, 1.5207017, 0.7406329, 0.7439292],
  ['lambada_openai', 0, 2.1841647, 1.9413052, 0.6913895, 0.6997423],
  ['arc_easy', 0.25, 1.7334966, 1.6458035, 0.6489557, 0.6547957],
  ['average', meanChance, 2.5362732, 1.3910021, 0.562292, 0.5700945],
] as const
const upTo27 = (task: string) => publishedTaskPoints('Cerebras-GPT', task).slice(0, 5)
const fitted = (task: string, chance: number): TwoStep => {
  const fit = fitTwoStep(upTo27(task), { chance })
  if (typeof fit === 'string') throw new Error(fit)
  return fit
}

describe('Cerebras-GPT up to 2.7B', () => {
  it.each(reference)('says of %s at 13B what scipy says', (task, chance, steepness, middle, atLoss, atCompute) => {
    const { link, forecastAt } = fitted(task, chance)
    if (link.kind !== 'accuracy') throw new Error(link.kind)
    expect(link.upper).toBeCloseTo(1, 6)
    expect(link.steepness).toBeCloseTo(steepness, 3)
    expect(link.middle).toBeCloseTo(middle, 3)
    const largest = publishedTaskPoints('Cerebras-GPT', task)[6]
    expect(scoreAt(link, largest.loss)).toBeCloseTo(atLoss, 4)
    expect(forecastAt(largest.flops).value).toBeCloseTo(atCompute, 3)
  })

  it('predicts the mean of the seven tasks at 13B, nearly five times the compute of 6.7B, within a hundredth', () => {
    const points = publishedTaskPoints('Cerebras-GPT', 'average')
    const heldOut = holdOutScore(points, 2, { chance: meanChance })!
    expect(heldOut).toMatchObject({ name: 'Cerebras-GPT 13B', measured: 0.57, isInside: true })
    expect(Math.abs(heldOut.error)).toBeLessThan(0.01)
    expect(heldOut.interval!.high - heldOut.interval!.low).toBeLessThan(0.25)
  })

  it('says no more than the small ones show: ARC (easy) at 13B is 0.06 better than predicted', () => {
    const heldOut = holdOutScore(publishedTaskPoints('Cerebras-GPT', 'arc_easy'), 2, { chance: 0.25 })!
    expect(heldOut.error).toBeCloseTo(0.6548 - 0.714, 3)
  })

  it('says no number where most models are below guessing', () => {
    expect(fitTwoStep(upTo27('arc_challenge'), { chance: 0.25 })).toMatch(/5 of 5 models score no better than guessing/)
  })
})

it('Pythia up to 1.4B predicts 12B, 7.5 times their compute, within 0.03 on the mean', () => {
  const points = publishedTaskPoints('Pythia', 'average')
  const heldOut = holdOutScore(points, 3, { chance: meanChance })!
  expect(heldOut.name).toBe('Pythia 12B')
  expect(Math.abs(heldOut.error)).toBeLessThan(0.03)
})
