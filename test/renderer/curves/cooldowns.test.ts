import { describe, expect, it } from 'vitest'
import type { RunSummary, ValidationRecord } from '#shared/run.ts'
import { pointOf, pointsOf } from '#renderer/curves/cooldowns.ts'

const run = (changes: Partial<RunSummary>): RunSummary =>
  ({ state: 'running', steps: 400, flops: 8e12, flopsPerToken: 1e6, validationLoss: 2.5, ...changes }) as RunSummary
const validation = (step: number, loss: number): ValidationRecord => ({ step, tokens: step * 100, loss, elapsedMs: 0 })

describe('the points of a run', () => {
  it('are three where its rate cools down three times, each with its share of the compute and the loss it had then', () => {
    const points = pointsOf(run({ cooldowns: [100, 200, 400] }), [
      validation(100, 3),
      validation(150, 2.95),
      validation(200, 2.8),
    ])
    expect(points).toEqual([
      { step: 100, tokens: 2e6, flops: 2e12, loss: 3 },
      { step: 200, tokens: 4e6, flops: 4e12, loss: 2.8 },
      { step: 400, tokens: 8e6, flops: 8e12, loss: null },
    ])
    expect(pointOf(run({ state: 'finished', cooldowns: [100, 200, 400] }), 2, [])).toMatchObject({
      step: 400,
      loss: 2.5,
    })
  })

  it('are one, its end, where it cools down once', () => {
    expect(pointsOf(run({ state: 'finished' }), [])).toEqual([{ step: 400, tokens: 8e6, flops: 8e12, loss: 2.5 }])
    expect(pointOf(run({}), 1, [validation(399, 2.6)]).loss).toBeNull()
  })
})
