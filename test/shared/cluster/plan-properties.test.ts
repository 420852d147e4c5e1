// Whatever numbers a person types: a plan is answered for exactly what was asked, or refused in a sentence that holds
// the numbers that clash.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { quoted } from '#shared/bounds.ts'
import { Fault } from '#shared/fault.ts'
import { answerGpu, answerStreaming } from '#shared/cluster/answer.ts'
import { dataDegree, microBatches, readGpuPlan, readStreamingPlan } from '#shared/cluster/plan.ts'
import type { WaferMachine } from '#shared/cluster/machine.ts'
import { findGpuMachine, findMachine, models } from '#shared/cluster/presets.ts'

const a100 = findGpuMachine('a100-80')
const cs2 = findMachine('cs2') as WaferMachine
const nobody = { tokens: 1e9, pricePerDeviceHour: null, availability: 1 }
/** Any numbers at all; and plans whose numbers divide, which a model or machine may still refuse. */
const wild = {
  devices: fc.integer({ min: 1, max: 4096 }),
  batch: fc.integer({ min: 1, max: 5000 }),
  tensor: fc.integer({ min: 1, max: 64 }),
  pipeline: fc.integer({ min: 1, max: 200 }),
  interleave: fc.constantFrom(1, 1, 2, 3, 4),
  microBatch: fc.constantFrom(1, 2, 3, 4, 8),
  schedule: fc.constantFrom('1f1b', 'gpipe'),
  recompute: fc.constantFrom('none', 'selective', 'full'),
  sequenceParallel: fc.boolean(),
  zero: fc.constantFrom(0, 1, 2, 3),
}
const dividing = fc
  .record({
    ...wild,
    tensor: fc.constantFrom(1, 2, 4, 8),
    pipeline: fc.constantFrom(1, 2, 4, 8),
    devices: fc.constantFrom(1, 2, 8, 32),
    batch: fc.constantFrom(1, 8, 24),
  })
  .map(({ devices: data, batch: m, ...plan }) => ({
    ...plan,
    devices: data * plan.tensor * plan.pipeline,
    batch: data * plan.microBatch * m,
  }))
const gpuPlan = fc.oneof(fc.record(wild), { weight: 2, arbitrary: dividing })
const refusal = (work: () => unknown): string | null => {
  try {
    work()
    return null
  } catch (error) {
    if (error instanceof Fault && error.code === 'bad-input') return error.message
    throw error
  }
}
const numbersIn = (sentence: string): number[] => (sentence.match(/\d+/g) ?? []).map(Number)

describe('any plan of GPUs', () => {
  it('is answered as asked, whole numbers everywhere and parts that add up, or refused with its own numbers', () => {
    let answered = 0
    let refused = 0
    fc.assert(
      fc.property(fc.constantFrom(...models), gpuPlan, (model, given) => {
        const plan = readGpuPlan(given)
        const sentence = refusal(() => answerGpu(model, plan, a100, nobody))
        if (sentence !== null) {
          refused++
          const known = [
            ...Object.values(given).filter((one) => typeof one === 'number'),
            model.layers,
            model.heads,
            model.width,
            model.feedForward,
            model.context,
          ]
          expect(
            numbersIn(sentence).some((one) => (known as number[]).includes(one)),
            sentence,
          ).toBe(true)
          return
        }
        answered++
        const answer = answerGpu(model, plan, a100, nobody)
        expect(answer.plan).toMatchObject(given)
        expect(Number.isInteger(dataDegree(plan)) && Number.isInteger(microBatches(plan))).toBe(true)
        expect(dataDegree(plan) * plan.tensor * plan.pipeline).toBe(plan.devices)
        expect(dataDegree(plan) * plan.microBatch * microBatches(plan)).toBe(plan.batch)
        expect(answer.stages.reduce((sum, { layers }) => sum + layers, 0)).toBe(model.layers)
        const parts = Object.values(answer.breakdown)
        for (const seconds of parts) expect(seconds).toBeGreaterThanOrEqual(0)
        expect(parts.reduce((sum, one) => sum + one, 0)).toBeCloseTo(answer.stepSeconds, 6)
        expect(answer.mfu).toBeGreaterThan(0)
        expect(answer.mfu).toBeLessThan(1)
        expect(answer.hfu).toBeGreaterThanOrEqual(answer.mfu * (1 - 1e-12))
        expect(answer.fits).toBe(answer.memory.least <= a100.memoryBytes)
      }),
      { numRuns: 1500, seed: 7 },
    )
    expect(Math.min(answered, refused)).toBeGreaterThan(100) // both sides were tried
  })

  it('with a degree that is no whole number from 1 is refused, never rounded', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('devices', 'tensor', 'pipeline', 'interleave', 'microBatch', 'batch'),
        fc.oneof(fc.double({ noInteger: true }), fc.integer({ max: 0 }), fc.string(), fc.constant([])),
        (name, value) => {
          expect(refusal(() => readGpuPlan({ devices: 8, batch: 8, [name]: value }))).toContain(
            `"${name}" must be a whole number from 1`,
          )
        },
      ),
      { numRuns: 300, seed: 7 },
    )
  })

  it('with a key that nobody knows is refused', () => {
    fc.assert(
      fc.property(
        fc
          .string({ minLength: 1 })
          .filter((key) => !(key in readGpuPlan({ devices: 8, batch: 8 })) && key !== '__proto__'),
        (key) => {
          expect(refusal(() => readGpuPlan({ devices: 8, batch: 8, [key]: 1 }))).toContain(
            `has no field ${quoted(key)}`,
          )
        },
      ),
      { numRuns: 200, seed: 7 },
    )
  })
})

describe('any plan of weight streaming', () => {
  it('divides its batch evenly over systems and passes, or is refused; the store moves the same bytes for any number of systems', () => {
    let answered = 0
    fc.assert(
      fc.property(
        fc.constantFrom(...models),
        fc.integer({ min: 1, max: 250 }),
        fc.integer({ min: 1, max: 3000 }),
        fc.constantFrom(1, 2, 5, 45),
        (model, systems, times, microBatch) => {
          const given = {
            systems,
            batch: times % 3 === 0 ? times : systems * microBatch * (times % 8 || 1),
            microBatch,
          }
          const plan = readStreamingPlan(given)
          const sentence = refusal(() => answerStreaming(model, plan, cs2, nobody))
          if (sentence !== null) {
            expect(
              numbersIn(sentence).some((one) => [...Object.values(given), given.batch / systems].includes(one)),
              sentence,
            ).toBe(true)
            return
          }
          answered++
          const answer = answerStreaming(model, plan, cs2, nobody)
          const passes = plan.batch / systems / microBatch
          expect(Number.isInteger(passes)).toBe(true)
          expect(answer.storeOutBytes).toBe(
            answerStreaming(model, { ...plan, systems: 1, batch: microBatch * passes }, cs2, nobody).storeOutBytes,
          )
          expect(answer.speedup).toBeLessThanOrEqual(systems * (1 + 1e-9))
        },
      ),
      { numRuns: 500, seed: 7 },
    )
    expect(answered).toBeGreaterThan(100)
  })
})
