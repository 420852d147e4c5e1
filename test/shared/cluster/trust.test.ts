import fc from 'fast-check'
import { expect, it } from 'vitest'
import { gpuPlanDefaults } from '#shared/cluster/plan.ts'
import { findGpuMachine } from '#shared/cluster/presets.ts'
import { expectedError, heldOutErrors, measuredFamilies, unmeasuredError } from '#shared/cluster/trust.ts'

const plan = (devices: number) => ({ ...gpuPlanDefaults, devices, batch: devices })

it('a plan like those that were measured has their held-out error', () => {
  expect(expectedError(plan(64), findGpuMachine('a100-80'), { context: 2048 }, 3.6e9).share).toBe(
    heldOutErrors.vtrainMulti,
  )
  expect(expectedError(plan(96), findGpuMachine('h100'), { context: 4096 }, 7e9).share).toBe(
    measuredFamilies.H100.share,
  )
})

it('the further a plan is from what was measured, the larger its error, and never smaller', () => {
  fc.assert(
    fc.property(
      fc.constantFrom('v100', 'a100-80', 'h100', 'h200'),
      fc.integer({ min: 0, max: 17 }),
      fc.double({ min: 5, max: 14, noNaN: true }),
      fc.integer({ min: 7, max: 20 }),
      fc.constantFrom('devices', 'parameters', 'context'),
      (id, logDevices, logParameters, logContext, which) => {
        const machine = findGpuMachine(id)
        const share = (more: number) =>
          expectedError(
            plan(2 ** (logDevices + (which === 'devices' ? more : 0) + 4)),
            machine,
            { context: 2 ** (logContext + (which === 'context' ? more : 0)) },
            10 ** logParameters * 2 ** (which === 'parameters' ? more : 0),
          ).share!
        const far = share(40) // beyond any range, whatever it began with
        expect(far).toBeGreaterThan(share(0))
        expect(share(41)).toBeGreaterThan(far)
      },
    ),
  )
})

it('a card of which nothing was measured is less certain than any that was', () => {
  const { share, from } = expectedError(plan(64), findGpuMachine('b200'), { context: 2048 }, 7e9)
  expect(share).toBe(unmeasuredError)
  expect(from).toContain('nothing was measured on B200')
  for (const measured of Object.values(measuredFamilies)) expect(measured.share).toBeLessThan(unmeasuredError)
})
