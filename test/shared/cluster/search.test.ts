// The search tries every plan, keeps the best, and is fast enough to turn a slider.
import { performance } from 'node:perf_hooks'
import { describe, expect, it } from 'vitest'
import { estimate, estimateChecked } from '#shared/cluster/estimate.ts'
import { readGpuPlan } from '#shared/cluster/plan.ts'
import { searchPlans } from '#shared/cluster/search.ts'
import { searchJob } from '#main/core/cluster-validation/search-job.ts'
import { findGpuMachine, findModel } from '#shared/cluster/presets.ts'

const gpt3 = findModel('gpt3-175b')
const a100 = findGpuMachine('a100-80')

describe('the search', () => {
  const found = searchPlans(gpt3, a100, { devices: [64, 128], batch: 64 })

  it('gives plans that fit, fastest first, each with the numbers of its own estimate', () => {
    expect(found.best.length).toBeGreaterThan(3)
    for (const [i, one] of found.best.entries()) {
      const { stepSeconds, memoryBytesPerDevice, fits } = estimate(gpt3, one.plan, a100)
      expect({ stepSeconds, memoryBytesPerDevice, fits }).toEqual({
        stepSeconds: one.stepSeconds,
        memoryBytesPerDevice: one.memoryBytesPerDevice,
        fits: true,
      })
      if (i > 0) expect(one.stepSeconds).toBeGreaterThanOrEqual(found.best[i - 1].stepSeconds)
    }
  })

  it('says why the others lose, and nothing of the best', () => {
    expect(found.best[0].because).toBe('')
    for (const one of found.best.slice(1)) expect(one.because).toMatch(/ s more |within 0\.2 %|uses 64 devices/)
  })

  it('keeps what no other plan beats in time, memory and devices together', () => {
    for (const one of found.pareto) {
      for (const other of found.pareto) {
        if (one === other) continue
        expect(
          other.stepSeconds <= one.stepSeconds &&
            other.memoryBytesPerDevice <= one.memoryBytesPerDevice &&
            other.plan.devices <= one.plan.devices,
        ).toBe(false)
      }
    }
    expect(found.pareto.some(({ plan }) => plan.devices === 64)).toBe(true)
  })

  it('cuts nothing that could have won: the same best without memory to cut by', () => {
    const limit = 30 * 2 ** 30
    const limited = searchPlans(gpt3, a100, { devices: [128], batch: 64, memoryBytes: limit })
    const whole = searchPlans(gpt3, a100, { devices: [128], batch: 64, keep: 100_000 })
    const best = whole.best.find(({ plan }) => estimateChecked(gpt3, plan, a100).memory.least <= limit)
    expect(limited.best[0]?.plan).toEqual(best?.plan)
    expect(limited.evaluated).toBeLessThan(whole.evaluated)
  })

  it('keeps to a limit of time', () => {
    const slowest = found.best[2].stepSeconds
    for (const { stepSeconds } of searchPlans(gpt3, a100, { devices: [64, 128], batch: 64, stepSeconds: slowest })
      .pareto)
      expect(stepSeconds).toBeLessThanOrEqual(slowest)
  })

  it('stops when asked', async () => {
    const stopping = new AbortController()
    const records = []
    for await (const record of searchJob(
      { kind: 'search-plans', model: gpt3, machine: a100, request: { devices: [512, 1024, 2048], batch: 2048 } },
      stopping.signal,
    )) {
      records.push(record)
      stopping.abort()
    }
    expect(records).toEqual([{ kind: 'progress', evaluated: 4096, share: expect.any(Number) }])
  })
})

describe('one evaluation', () => {
  it('takes microseconds: a median of 26 at most where Calculon takes 2,600', () => {
    const plan = readGpuPlan({
      devices: 2048,
      tensor: 8,
      pipeline: 16,
      interleave: 3,
      batch: 2048,
      recompute: 'selective',
      sequenceParallel: true,
    })
    const micros: number[] = []
    for (let batch = 0; batch < 300; batch++) {
      const from = performance.now()
      for (let i = 0; i < 100; i++) estimate(gpt3, plan, a100)
      micros.push((performance.now() - from) * 10)
    }
    micros.sort((a, b) => a - b)
    expect(micros[150]).toBeLessThan(26)
  })
})
