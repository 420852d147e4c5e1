// Runs that no constant was fitted to.
import { describe, expect, it } from 'vitest'
import { estimate } from '#shared/cluster/estimate.ts'
import { readGpuPlan } from '#shared/cluster/plan.ts'
import { findGpuMachine, findModel } from '#shared/cluster/presets.ts'

const step = (model: string, machine: string, plan: object) =>
  estimate(findModel(model), readGpuPlan(plan), findGpuMachine(machine))
const megatron = { tensor: 8, pipeline: 35, interleave: 3, devices: 280, batch: 280, precision: 'fp16' }

describe('a published run that was used for no fit', () => {
  it('is foretold within 6 %: 530B of Korthikanti et al. 2022, table 5', () => {
    expect(
      Math.abs(
        step('mt-nlg-530b', 'a100-80', { ...megatron, recompute: 'selective', sequenceParallel: true }).stepSeconds /
          37.83 -
          1,
      ),
    ).toBeLessThan(0.06)
    expect(
      Math.abs(step('mt-nlg-530b', 'a100-80', { ...megatron, recompute: 'full' }).stepSeconds / 49.05 - 1),
    ).toBeLessThan(0.06)
  })

  it('is foretold within 6 %: BLOOM, 105.2 s a step', () => {
    const bloom = {
      devices: 384,
      tensor: 4,
      pipeline: 12,
      microBatch: 2,
      batch: 2048,
      recompute: 'full',
      gradientBytes: 6,
      embeddingsAsLayers: true,
      overlapTensor: false,
      zero: 1,
    }
    const { stepSeconds, fits } = step('bloom-176b', 'a100-80-jean-zay', bloom)
    expect(Math.abs(stepSeconds / 105.2 - 1)).toBeLessThan(0.06)
    expect(fits).toBe(true)
  })

  it('loses what the paper says to data parallelism: 530B on 2240 GPUs, 54.2 % for 56.0 %', () => {
    const plan = { ...megatron, recompute: 'selective', sequenceParallel: true }
    const loss =
      step('mt-nlg-530b', 'a100-80', { ...plan, devices: 2240, batch: 2240 }).mfu /
      step('mt-nlg-530b', 'a100-80', plan).mfu
    expect(Math.abs(loss - 54.2 / 56.0)).toBeLessThan(0.03)
  })

  it('needs what was measured: with ZeRO-1 over twice the data ranks a 200B model fell from 73 to 51 GB', () => {
    const model = { ...findModel('bloom-176b'), layers: 80, heads: 64 }
    const bytes = (devices: number, zero: 0 | 1) =>
      estimate(
        model,
        readGpuPlan({
          devices,
          tensor: 8,
          pipeline: 10,
          batch: 512,
          recompute: 'full',
          precision: 'fp16',
          gradientBytes: 2,
          zero,
        }),
        findGpuMachine('a100-80-jean-zay'),
      ).memory
    expect(bytes(160, 1).optimizer).toBe(bytes(80, 0).optimizer / 2)
    expect(bytes(160, 1).total).toBeLessThan(0.8 * bytes(80, 0).total)
  })
})
