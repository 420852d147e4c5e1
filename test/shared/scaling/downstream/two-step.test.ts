// Two steps give back what made the points, and their intervals hold what a new model scores.
import { describe, expect, it } from 'vitest'
import { createRandom } from '#shared/random.ts'
import { fitTwoStep, holdOutScore, type TaskPoint, type TwoStep } from '#shared/scaling/downstream/two-step.ts'

const lossAt = (flops: number): number => 1.7 + (flops / 1e12) ** -0.2
const accuracyAt = (loss: number): number => 0.25 + 0.6 / (1 + Math.exp(3 * (loss - 2.6)))
const bitsAt = (loss: number): number => 0.4 + 0.7 * loss
const budgets = [1e11, 4e11, 1.6e12, 6.4e12, 2.56e13, 1e14]
const made = (scoreAt: (loss: number) => number, noise = 0, seed = 1): TaskPoint[] => {
  const random = createRandom(seed)
  return budgets.map((flops, i) => {
    const loss = lossAt(flops) * (1 + 0.1 * noise * random.normal())
    return { name: `m${i}`, flops, loss, value: scoreAt(loss) + noise * random.normal(), stderr: noise || null }
  })
}
const fitOf = (points: TaskPoint[], wanted: Parameters<typeof fitTwoStep>[1]): TwoStep => {
  const fit = fitTwoStep(points, wanted)
  if (typeof fit === 'string') throw new Error(fit)
  return fit
}

describe('two steps', () => {
  it('give back the sigmoid and the line that made the points', () => {
    const { link, forecastAt } = fitOf(made(accuracyAt), { chance: 0.25 })
    expect(link).toMatchObject({ kind: 'accuracy', chance: 0.25 })
    if (link.kind === 'accuracy') {
      expect(link.upper).toBeCloseTo(0.85, 3)
      expect(link.steepness).toBeCloseTo(3, 2)
      expect(link.middle).toBeCloseTo(2.6, 3)
    }
    expect(forecastAt(1e15).value).toBeCloseTo(accuracyAt(lossAt(1e15)), 3)
    const bits = fitOf(made(bitsAt), { kind: 'bits' })
    if (bits.link.kind === 'bits') {
      expect(bits.link.intercept).toBeCloseTo(0.4, 9)
      expect(bits.link.slope).toBeCloseTo(0.7, 9)
    }
    expect(bits.forecastAt(1e15).value).toBeCloseTo(bitsAt(lossAt(1e15)), 3)
  })

  it('hold a new model in their 95 % interval in 88 to 100 of 100 sets of noisy points', () => {
    let inside = 0
    for (let seed = 0; seed < 100; seed++) {
      const random = createRandom(1000 + seed)
      const { forecastAt } = fitOf(made(accuracyAt, 0.01, seed), { chance: 0.25, resamples: 60, seed })
      const { low, high } = forecastAt(4e14).interval!
      const landed = accuracyAt(lossAt(4e14) * (1 + 0.001 * random.normal())) + 0.01 * random.normal()
      if (landed >= low && landed <= high) inside++
    }
    expect(inside).toBeGreaterThanOrEqual(88)
  })

  it('are the same from the same seed', () => {
    const at = () => fitOf(made(accuracyAt, 0.01), { chance: 0.25, seed: 3 }).forecastAt(1e15)
    expect(at()).toEqual(at())
  })

  it('hold the largest out, and know when too few remain', () => {
    const heldOut = holdOutScore(made(accuracyAt), 1, { chance: 0.25 })!
    expect(heldOut).toMatchObject({ name: 'm5', flops: 1e14 })
    expect(Math.abs(heldOut.error)).toBeLessThan(0.01)
    expect(holdOutScore(made(accuracyAt), 4, { chance: 0.25 })).toBeNull()
  })

  it('say why there is none: too few models, or none above guessing', () => {
    expect(fitTwoStep(made(accuracyAt).slice(0, 2), { chance: 0.25 })).toMatch(/at least 3 models/)
    expect(
      fitTwoStep(
        made(() => 0.24),
        { chance: 0.25 },
      ),
    ).toMatch(/6 of 6 models score no better than guessing/)
  })
})
