// What is offered instead of a plan that cannot be, or that does not fit.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { estimate } from '#shared/cluster/estimate.ts'
import { fittingPlans, nearestPlans, nearestStreamingPlans } from '#shared/cluster/nearest.ts'
import { checkPlan, checkStreamingPlan, gpuPlanDefaults, type GpuPlan } from '#shared/cluster/plan.ts'
import { findGpuMachine, findMachine, findModel } from '#shared/cluster/presets.ts'

const gpt3 = findModel('gpt3-175b')
const a100 = findGpuMachine('a100-80')
const wafer = findMachine('cs2')
if (wafer.kind !== 'wafer') throw new Error('a CS-2 is a wafer')
const cs2 = wafer
const plan = (changes: Partial<GpuPlan>): GpuPlan => ({ ...gpuPlanDefaults, devices: 64, batch: 64, ...changes })
const words = (found: ReturnType<typeof nearestPlans>) =>
  found.map(({ plan: one, changes }) => changes.map((field) => `${field} ${String(one[field])}`).join(', '))

describe('the nearest plans', () => {
  it('of 16 devices for tensor 8 and pipeline 8 are 64 devices, or pipeline 2', () => {
    const found = words(nearestPlans(gpt3, plan({ devices: 16, tensor: 8, pipeline: 8 }), a100))
    expect(found).toContain('devices 64')
    expect(found).toContain('pipeline 2')
  })

  it('can all be, and are none where the plan can be', () => {
    expect(nearestPlans(gpt3, plan({ tensor: 8, pipeline: 8 }), a100)).toEqual([])
    const number = fc.integer({ min: 1, max: 100 })
    fc.assert(
      fc.property(number, number, number, number, number, (devices, tensor, pipeline, microBatch, batch) => {
        for (const { plan: one, changes } of nearestPlans(
          gpt3,
          plan({ devices, tensor, pipeline, microBatch, batch }),
          a100,
        )) {
          checkPlan(gpt3, one, a100)
          expect(changes.length).toBeGreaterThan(0)
        }
      }),
      { numRuns: 60 },
    )
  })

  it('of weight streaming share the batch evenly', () => {
    const asked = { kind: 'streaming', systems: 3, batch: 64, microBatch: 4, activations: 'boundaries' } as const
    const found = nearestStreamingPlans(asked, cs2)
    expect(found.length).toBeGreaterThan(0)
    for (const { plan: one } of found) checkStreamingPlan(one, cs2)
    expect(nearestStreamingPlans({ ...asked, systems: 4 }, cs2)).toEqual([])
  })
})

describe('making it fit', () => {
  it('saves memory on the same devices where that is enough, the fastest way first', () => {
    const asked = plan({ tensor: 8, pipeline: 4, recompute: 'none' })
    expect(estimate(gpt3, asked, a100).fits).toBe(false)
    const found = fittingPlans(gpt3, asked, a100)
    const steps = found.map(({ plan: one }) => estimate(gpt3, one, a100))
    expect(steps.length).toBeGreaterThan(0)
    expect(steps.every(({ fits }) => fits)).toBe(true)
    expect(found.every(({ plan: one }) => one.devices === 64)).toBe(true)
    expect(steps.map(({ stepSeconds }) => stepSeconds)).toEqual(
      [...steps.map(({ stepSeconds }) => stepSeconds)].sort((a, b) => a - b),
    )
    expect(fittingPlans(gpt3, found[0]!.plan, a100)).toEqual([])
  })

  it('takes more devices where the model is too large for these', () => {
    const [found] = fittingPlans(gpt3, plan({ devices: 1, batch: 8 }), a100)
    expect(found!.plan.devices).toBeGreaterThan(8)
    expect(estimate(gpt3, found!.plan, a100).fits).toBe(true)
  })
})
