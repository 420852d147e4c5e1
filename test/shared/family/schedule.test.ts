import { describe, expect, it } from 'vitest'
import {
  learningRateAt,
  learningRateCurve,
  cooldownEnds,
  tokensStretch,
  type Schedule,
} from '#shared/family/schedule.ts'

const base: Schedule = { steps: 1000, warmupSteps: 100, peakLearningRate: 1, decay: 'linear', finalFraction: 0.1 }
const at = (changes: Partial<Schedule>, update: number) => learningRateAt({ ...base, ...changes }, update - 1)

describe('the learning rate', () => {
  it('climbs in a straight line through zero and peaks with the last update of the warmup', () => {
    expect(at({}, 1)).toBeCloseTo(0.01, 12)
    expect(at({}, 50)).toBeCloseTo(0.5, 12)
    expect(at({}, 100)).toBe(1)
  })

  it.each(['linear', 'cosine', 'wsd', 'wsd-s'] as const)(
    'ends a %s decay at the final share, with the last update',
    (decay) => {
      expect(at({ decay }, 1000)).toBeCloseTo(0.1, 12)
      expect(at({ decay, finalFraction: 0 }, 1000)).toBeCloseTo(0, 12)
    },
  )

  it('is half-way down in the middle of linear and cosine alike, and cosine lingers at the top', () => {
    expect(at({}, 550)).toBeCloseTo(0.55, 12)
    expect(at({ decay: 'cosine' }, 550)).toBeCloseTo(0.55, 12)
    expect(at({ decay: 'cosine' }, 200)).toBeGreaterThan(at({}, 200))
  })

  it('holds the peak until the last fifth of a wsd run', () => {
    expect(at({ decay: 'wsd' }, 800)).toBe(1)
    expect(at({ decay: 'wsd' }, 900)).toBeCloseTo(0.55, 12)
  })

  it('cools down three times in a wsd-s run and goes on at the peak between', () => {
    const wsds = { decay: 'wsd-s' } as const
    expect(cooldownEnds({ ...base, ...wsds })).toEqual([250, 500, 1000])
    for (const stop of [250, 500, 1000]) expect(at(wsds, stop)).toBeCloseTo(0.1, 12)
    expect(at(wsds, 251)).toBe(1)
    expect(at(wsds, 501)).toBe(1)
    expect(cooldownEnds(base)).toEqual([1000])
  })

  it('goes on at the peak between the cooldowns of a wsd-s run, and falls to the same end at each', () => {
    const wsds = { decay: 'wsd-s' } as const
    for (const [from, stop] of [
      [100, 250],
      [250, 500],
      [500, 1000],
    ]) {
      const fall = Math.min(stop - from, 0.2 * stop) // a fifth of all steps until then
      expect(at(wsds, stop - fall)).toBe(1)
      expect(at(wsds, stop - fall / 2)).toBeCloseTo(0.55, 12)
      expect(at(wsds, from + 1)).toBe(1)
    }
    expect(tokensStretch('wsd-s')).toBe(2)
    for (const decay of ['linear', 'cosine', 'wsd', 'constant'] as const) expect(tokensStretch(decay)).toBe(1)
  })

  it('stays at the peak when nothing decays', () => expect(at({ decay: 'constant' }, 1000)).toBe(1))

  it('bears schedules too short for their parts', () => {
    for (const decay of ['linear', 'cosine', 'wsd', 'wsd-s', 'constant'] as const) {
      for (const steps of [1, 2, 3, 4]) {
        for (const warmupSteps of [0, 1, steps]) {
          for (let step = 0; step < steps; step++) {
            const rate = learningRateAt({ ...base, decay, steps, warmupSteps }, step)
            expect(rate).toBeGreaterThan(0)
            expect(rate).toBeLessThanOrEqual(1)
          }
        }
      }
    }
  })

  it('is drawn with its ends, its peak and its cooldowns', () => {
    const curve = learningRateCurve({ ...base, decay: 'wsd-s' }, 50)
    expect(curve.length).toBeLessThanOrEqual(50)
    expect(curve[0]).toEqual([1, 0.01])
    for (const step of [100, 250, 251, 500, 1000]) expect(curve.map(([x]) => x)).toContain(step)
    expect(curve.map(([x]) => x)).toEqual([...curve.map(([x]) => x)].sort((a, b) => a - b))
  })
})
