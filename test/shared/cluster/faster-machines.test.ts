// A faster machine is never slower: the one thing that nobody would forgive a cost model.
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { estimateChecked } from '#shared/cluster/estimate.ts'
import type { GpuMachine, WaferMachine } from '#shared/cluster/machine.ts'
import { gpuPlanDefaults, machineComplaint, planComplaint, type GpuPlan } from '#shared/cluster/plan.ts'
import { findMachine, machines, models } from '#shared/cluster/presets.ts'
import { streamingEstimate } from '#shared/cluster/streaming.ts'

const gpus = machines.filter((one): one is GpuMachine => one.kind === 'gpu')

const plans: fc.Arbitrary<GpuPlan> = fc
  .record({
    tensor: fc.constantFrom(1, 2, 4, 8, 16),
    pipeline: fc.constantFrom(1, 2, 4, 8),
    interleave: fc.constantFrom(1, 1, 2),
    schedule: fc.constantFrom('1f1b' as const, 'gpipe' as const),
    microBatch: fc.constantFrom(1, 2, 4, 16),
    recompute: fc.constantFrom('none' as const, 'selective' as const, 'full' as const),
    sequenceParallel: fc.boolean(),
    zero: fc.constantFrom(0 as const, 1 as const, 2 as const, 3 as const),
    attention: fc.constantFrom('plain' as const, 'flash' as const),
    precision: fc.constantFrom('fp16' as const, 'bf16' as const, 'fp8' as const),
    embeddingsAsLayers: fc.boolean(),
    overlapTensor: fc.boolean(),
    overlapData: fc.boolean(),
    scatterGather: fc.boolean(),
    shardUnit: fc.constantFrom('layer' as const, 'tensor' as const),
    kernels: fc.constantFrom('separate' as const, 'fused' as const, 'compiled' as const),
    data: fc.constantFrom(1, 2, 8, 64),
    m: fc.constantFrom(1, 2, 8, 32),
  })
  .map(({ data, m, ...plan }) => ({
    ...gpuPlanDefaults,
    ...plan,
    devices: data * plan.tensor * plan.pipeline,
    batch: data * plan.microBatch * m,
  }))

it('more FLOP/s never make a plan of GPUs slower', () => {
  let tried = 0
  fc.assert(
    fc.property(
      fc.constantFrom(...models),
      fc.constantFrom(...gpus),
      plans,
      fc.double({ min: 1.0001, max: 50, noNaN: true }),
      (model, machine, plan, times) => {
        if (planComplaint(model, plan) ?? machineComplaint(plan, machine)) return
        tried++
        const faster = {
          ...machine,
          matmulFlopsPerSecond: times * machine.matmulFlopsPerSecond,
          bestMatmulFlopsPerSecond: times * machine.bestMatmulFlopsPerSecond,
        }
        const before = estimateChecked(model, plan, machine).stepSeconds
        expect(estimateChecked(model, plan, faster).stepSeconds).toBeLessThanOrEqual(before * (1 + 1e-9))
      },
    ),
    { numRuns: 4000 },
  )
  expect(tried).toBeGreaterThan(300)
})

it('nor a plan of wafers', () => {
  const wafer = findMachine('cs2') as WaferMachine
  fc.assert(
    fc.property(
      fc.constantFrom(...models),
      fc.constantFrom(1, 2, 16, 192),
      fc.constantFrom(1, 4, 90),
      fc.double({ min: 1.0001, max: 50, noNaN: true }),
      (model, systems, microBatch, times) => {
        const plan = {
          kind: 'streaming' as const,
          systems,
          microBatch,
          batch: systems * microBatch * 2,
          activations: 'boundaries' as const,
        }
        const faster = { ...wafer, matmulFlopsPerSecond: times * wafer.matmulFlopsPerSecond }
        const before = streamingEstimate(model, plan, wafer).stepSeconds
        expect(streamingEstimate(model, plan, faster).stepSeconds).toBeLessThanOrEqual(before * (1 + 1e-9))
      },
    ),
  )
})
