// A block's products by their shapes.
import { expect, it } from 'vitest'
import { calibration } from '#shared/cluster/calibration.ts'
import { headTime, matmulSeconds } from '#shared/cluster/layer-time.ts'
import { gpuPlanDefaults } from '#shared/cluster/plan.ts'
import { findGpuMachine, findModel } from '#shared/cluster/presets.ts'

const a100 = findGpuMachine('a100-80')
const seconds = (m: number, n: number, k: number) => matmulSeconds(m, n, k, a100, calibration)

it('a product takes whole waves of 108 multiprocessors', () => {
  const wave = seconds(256 * 12, 128 * 9, 4096) // 108 tiles of 256 x 128
  expect(seconds(256 * 12, 128 * 18, 4096) / wave).toBeCloseTo(2, 9)
  expect(seconds(256 * 12, 128 * 8, 4096)).toBe(wave) // 12 of them idle
})

it('a product that is a little too large for a wave takes smaller tiles, not a second wave', () => {
  const wave = seconds(256 * 12, 128 * 9, 4096)
  const more = seconds(256 * 12, 128 * 10, 4096) / wave
  expect(more).toBeGreaterThan(10 / 9)
  expect(more).toBeLessThan(2)
})

it('going back, gradients are products of other shapes: those of the head run deeper than its width', () => {
  const plan = { ...gpuPlanDefaults, devices: 8, batch: 64, microBatch: 8 }
  const { forward, backward } = headTime(findModel('megatron-3.6b'), plan, a100, { ...calibration, logitBytes: 0 })
  expect(backward / forward).toBeLessThan(2)
  expect(backward / forward).toBeGreaterThan(1.7)
})
