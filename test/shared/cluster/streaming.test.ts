// Weight streaming by the protocol's own arithmetic.
import { describe, expect, it } from 'vitest'
import { readStreamingPlan } from '#shared/cluster/plan.ts'
import type { WaferMachine } from '#shared/cluster/machine.ts'
import { withFigures } from '#shared/cluster/machine.ts'
import {
  activationBytes,
  criticalTokens,
  streamingEstimate,
  streamingEvents,
  systemsEfficiency,
} from '#shared/cluster/streaming.ts'
import { clusterParameters } from '#shared/cluster/transformer.ts'
import { modelFlops } from '#shared/cluster/flops.ts'
import { findMachine, findModel } from '#shared/cluster/presets.ts'

const cs2 = findMachine('cs2') as WaferMachine
const model = findModel('cerebras-gpt-13b')
const ask = (plan: object, machine = cs2) => streamingEstimate(model, readStreamingPlan(plan), machine)

describe('weight streaming', () => {
  it('moves 4 bytes per parameter out of the store and 4 in, whatever the number of systems', () => {
    for (const systems of [1, 2, 4, 8, 12]) {
      const { storeOutBytes, storeInBytes } = ask({ systems, batch: (1080 / 12) * systems })
      expect(storeOutBytes).toBe(4 * clusterParameters(model))
      expect(storeInBytes).toBe(4 * clusterParameters(model))
    }
    // each micro-batch streams them again
    expect(ask({ systems: 12, batch: 1080, microBatch: 45 }).storeOutBytes).toBe(8 * clusterParameters(model))
  })

  it('needs 50,000 u tokens per system and pass, whatever the model', () => {
    expect(criticalTokens(withFigures(cs2, { utilisation: 1 }))).toBe(50_000)
    expect(criticalTokens(withFigures(cs2, { utilisation: 0.3 }))).toBeCloseTo(15_000, 6)
  })

  it('streams a 13B model in 0.171 s a pass, and its step is 1.815e17 FLOPs', () => {
    expect((2 * clusterParameters(model)) / 150e9).toBeCloseTo(0.171, 3)
    expect(modelFlops(model, 1080) / 1e17).toBeCloseTo(1.815, 2)
  })

  it('starves below the critical tokens and not above', () => {
    const full = withFigures(cs2, { utilisation: 1 })
    const above = ask({ systems: 12, batch: 1080 }, full)
    expect(above.tokensPerPass / above.criticalTokens).toBeCloseTo(3.7, 1)
    expect(above.breakdown.streaming / above.breakdown.compute).toBeLessThan(0.05)
    const below = ask({ systems: 192, batch: 1152, microBatch: 6 }, full)
    expect(below.tokensPerPass / below.criticalTokens).toBeLessThan(0.25)
    expect(below.breakdown.streaming).toBeGreaterThan(below.breakdown.compute)
  })

  it('is 15.3 times as fast on 16 systems, by the one parameter that was fitted', () => {
    expect((16 / 15.3 - 1) / Math.log2(16)).toBeCloseTo(cs2.lossPerDoubling, 3)
    expect(16 * systemsEfficiency(16, cs2)).toBeCloseTo(15.3, 1)
    expect(ask({ systems: 16, batch: 16 * 90 }).speedup).toBeCloseTo(15.3, 1)
    expect(systemsEfficiency(1, cs2)).toBe(1)
  })

  it("keeps on a wafer what the paper's batches leave room for: 26.6 to 44.3 GB at layer boundaries", () => {
    const kept = (id: string, microBatch: number) =>
      activationBytes(findModel(id), { microBatch, activations: 'boundaries' }) / 1e9
    expect(kept('cerebras-gpt-1.3b', 132)).toBeCloseTo(26.6, 1)
    expect(kept('cerebras-gpt-2.7b', 132)).toBeCloseTo(44.3, 1)
    expect(kept('cerebras-gpt-13b', 45)).toBeCloseTo(37.7, 1)
    expect(ask({ systems: 12, batch: 1080, microBatch: 90 }).fits).toBe(false)
  })

  it('adds up: its parts are its step', () => {
    const { breakdown, stepSeconds } = ask({ systems: 8, batch: 720, microBatch: 45 })
    expect(Object.values(breakdown).reduce((sum, one) => sum + one)).toBeCloseTo(stepSeconds, 9)
  })

  it("brings the next layer's weights while a layer works, as its timeline shows", () => {
    const events = streamingEvents(model, readStreamingPlan({ systems: 12, batch: 1080 }), cs2)
    const forward = events.filter(({ kind }) => kind === 'forward')
    expect(forward).toHaveLength(model.layers + 2)
    for (const { layer, start } of events.filter(
      ({ kind, start: at }) => kind === 'weights in' && at < forward[forward.length - 1].start,
    ))
      expect(start).toBe(forward[layer - 1].start)
    for (const { kind, layer, end } of events)
      if (kind === 'weights in')
        expect(events.filter((one) => one.layer === layer && one.start >= end - 1e-9).length).toBeGreaterThan(0)
  })
})
