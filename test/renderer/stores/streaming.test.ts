// @vitest-environment happy-dom
// Live runs on emulated systems: started with one number, followed step by step, parts killed by name; the arithmetic
// beside them.
import { beforeEach, describe, expect, it } from 'vitest'
import type { StreamingStep } from '#shared/cluster/live.ts'
import { appendSteps, createCurve } from '#renderer/curves/curve.ts'
import { beside, fabricLevels, largestDifference, predictedTraffic } from '#renderer/views/cluster/live/beside.ts'
import { useBeginStore } from '#renderer/stores/begin.ts'
import { usePlanStore } from '#renderer/stores/plan.ts'
import { useStreamingStore } from '#renderer/stores/streaming.ts'
import type { FakeLab } from '../support/fake-lab.ts'
import { loadStores, openWindow, settled } from '../support/window.ts'

const step = (at: number, changes: Partial<StreamingStep> = {}): StreamingStep => ({
  step: at,
  loss: 3,
  bytes: {
    storeOut: 100,
    storeIn: 50,
    fabricOut: 250,
    fabricIn: 200,
    systems: [
      { in: 100, out: 50 },
      { in: 100, out: 50 },
    ],
  },
  residentWeightBytes: [60, 60],
  systemWeightBytes: 70,
  modelBytes: 120,
  layers: [],
  stepSeconds: 0.1,
  updateSeconds: 0.01,
  overlap: 0.9,
  systemsAlive: 2,
  faults: 0,
  ...changes,
})

let fake: FakeLab
beforeEach(async () => {
  fake = openWindow().fake
  await loadStores()
  await useBeginStore().watchLawEmerge()
})

describe('a live run', () => {
  it('is asked for with one number, and its steps are followed', async () => {
    const live = useStreamingStore()
    const { memberId } = usePlanStore().trainable[0]
    await live.start(memberId, 3)
    expect(
      fake.asked
        .filter(({ name }) => name === 'startRuns')
        .pop()!
        .args.slice(1),
    ).toEqual([[memberId], { systems: 3 }])
    await settled()
    expect(live.run?.systems).toBe(3)
    fake.tell('streaming', { runId: live.run!.id, steps: [step(1), step(2)] })
    fake.tell('streaming', { runId: 'another', steps: [step(9)] })
    expect(live.last?.step).toBe(2)
    await live.start(memberId, null)
    expect(
      fake.asked
        .filter(({ name }) => name === 'startRuns')
        .pop()!
        .args.slice(1),
      'by the plain trainer',
    ).toEqual([[memberId]])
    expect(live.run?.systems).toBe(3)
    await live.kill({ system: 1 })
    expect(fake.asked.filter(({ name }) => name === 'killPart').pop()!.args).toEqual([live.run!.id, { system: 1 }])
  })
})

describe('beside a live run', () => {
  it('the protocol sends blocks twice, embeddings once, and takes every gradient once', () => {
    const shape = { layers: 2, width: 8, heads: 2, context: 16, vocabulary: 50 }
    const blocks = 2 * (12 * 64 + 13 * 8)
    const ends = 50 * 8 + 16 * 8 + 2 * 8
    const plan = { shape, parameters: blocks + ends, tokens: 3200, steps: 10, seconds: 4 }
    expect(predictedTraffic(plan)).toEqual({ out: 8 * blocks + 4 * ends, in: 4 * (blocks + ends) })
    expect(beside(step(1), plan, null).map(({ name }) => name)).toEqual([
      'Streamed per step',
      'Gradients returned per step',
    ])
  })

  it('a step is predicted to take what the plain trainer takes, and every transfer on top', () => {
    const shape = { layers: 2, width: 8, heads: 2, context: 16, vocabulary: 50 }
    const plan = { shape, parameters: 1000, tokens: 3200, steps: 10, seconds: 4 }
    const twoPasses = { ...step(1).bytes, storeIn: 8000 }
    const speed = (changes: Partial<StreamingStep>) => beside(step(1, { bytes: twoPasses, ...changes }), plan, 500)[2]
    expect(speed({ transferSeconds: 0.05 })).toMatchObject({
      name: 'Speed',
      measured: 500,
      predicted: 320 / (0.4 + 2 * 0.05),
    })
    expect(speed({}), 'a record of an earlier version').toBeUndefined()
  })

  it('a tree of fan-out 4 has as many levels as it needs', () => {
    expect(fabricLevels(1, 4)).toEqual([1])
    expect(fabricLevels(4, 4)).toEqual([1])
    expect(fabricLevels(5, 4)).toEqual([1, 2])
    expect(fabricLevels(16, 4)).toEqual([1, 4])
  })

  it('two curves are compared over the steps that both have', () => {
    const curve = (losses: number[]) => {
      const made = createCurve()
      appendSteps(
        made,
        losses.map((loss, i) => ({ step: i + 1, tokens: i, loss, gradientNorm: 1, learningRate: 1, elapsedMs: i })),
      )
      return made
    }
    expect(largestDifference(curve([4, 3, 2]), curve([4, 3]))).toBe(0)
    expect(largestDifference(curve([4, 3.3]), curve([4, 3]))).toBeCloseTo(0.1, 10)
    expect(largestDifference(curve([4]), null)).toBeNull()
  })
})
