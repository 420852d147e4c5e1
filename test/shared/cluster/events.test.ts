// The schedules as events: against the closed forms where those are exact, and against what no schedule may do.
import { describe, expect, it } from 'vitest'
import { pipelineEvents, type PipelineEvent } from '#shared/cluster/events.ts'
import { estimate, stepTime } from '#shared/cluster/estimate.ts'
import { calibration } from '#shared/cluster/calibration.ts'
import { microBatches, readGpuPlan, type GpuPlan } from '#shared/cluster/plan.ts'
import { stageLayers } from '#shared/cluster/stages.ts'
import { findGpuMachine, findModel } from '#shared/cluster/presets.ts'

const lastEnd = (events: readonly PipelineEvent[]): number =>
  events.reduce((latest, { end }) => Math.max(latest, end), 0)

/**
 * Closed form for equal stages and free sends: m chunks each way and the bubble, (p-1) or (p-1)/v of them. Narayanan et
 * al. 2021, section 2.2.
 */
const idealPipelineSeconds = (
  forward: number,
  backward: number,
  microBatches: number,
  { pipeline, interleave }: Pick<GpuPlan, 'pipeline' | 'interleave'>,
): number => (microBatches * interleave + pipeline - 1) * (forward + backward)

/** Bubble as a share of the ideal time: (p-1)/(vm). */
const bubbleShare = (
  microBatches: number,
  { pipeline, interleave }: Pick<GpuPlan, 'pipeline' | 'interleave'>,
): number => (pipeline - 1) / (interleave * microBatches)

const equal = (stages: number, forward: number, backward: number) => ({
  forward: new Array<number>(stages).fill(forward),
  backward: new Array<number>(stages).fill(backward),
})
type Shape = Pick<GpuPlan, 'pipeline' | 'interleave' | 'schedule'>

function expectPossible(events: readonly PipelineEvent[], { pipeline, interleave }: Shape, m: number) {
  expect(events).toHaveLength(2 * m * pipeline * interleave)
  const ends = new Map(
    events.map((one) => [`${one.kind} ${one.chunk * pipeline + one.stage} ${one.microBatch}`, one.end]),
  )
  const last = pipeline * interleave - 1
  for (const { kind, chunk, stage, microBatch, start } of events) {
    const depth = chunk * pipeline + stage
    if (kind === 'forward' && depth > 0)
      expect(ends.get(`forward ${depth - 1} ${microBatch}`)).toBeLessThanOrEqual(start + 1e-9)
    if (kind === 'backward')
      expect(
        ends.get(depth === last ? `forward ${depth} ${microBatch}` : `backward ${depth + 1} ${microBatch}`),
      ).toBeLessThanOrEqual(start + 1e-9)
  }
  for (let stage = 0; stage < pipeline; stage++) {
    const own = events.filter((one) => one.stage === stage).sort((a, b) => a.start - b.start)
    for (let i = 1; i < own.length; i++) expect(own[i].start).toBeGreaterThanOrEqual(own[i - 1].end - 1e-9)
  }
}

describe('a schedule', () => {
  it.each<[number, number, number, GpuPlan['schedule']]>([
    [1, 1, 4, '1f1b'],
    [4, 1, 8, '1f1b'],
    [8, 1, 3, '1f1b'],
    [4, 2, 8, '1f1b'],
    [4, 3, 12, '1f1b'],
    [8, 4, 16, '1f1b'],
    [4, 1, 8, 'gpipe'],
  ])(
    'of %d stages, %d chunks and %d micro-batches (%s) takes what the closed form says',
    (pipeline, interleave, m, schedule) => {
      const shape: Shape = { pipeline, interleave, schedule }
      const events = pipelineEvents(equal(pipeline, 1, 2), m, shape)
      expectPossible(events, shape, m)
      expect(lastEnd(events)).toBeCloseTo(idealPipelineSeconds(1, 2, m, shape), 9)
      expect(lastEnd(events) / (3 * m * interleave) - 1).toBeCloseTo(bubbleShare(m, shape), 9)
    },
  )

  it('of uneven stages ends when the estimate says if the last is the slowest, and a little earlier if another is', () => {
    const closedForm = 9 + 16 * 3.9 // all stages fill and drain, the slowest works throughout
    for (const slow of [0, 1, 2, 3]) {
      const times = equal(4, 1, 2)
      times.forward[slow] = 1.3
      times.backward[slow] = 2.6
      const end = lastEnd(pipelineEvents(times, 16, { pipeline: 4, interleave: 1, schedule: '1f1b' }))
      if (slow === 3) expect(end).toBeCloseTo(closedForm, 9)
      expect(end).toBeLessThanOrEqual(closedForm + 1e-9)
      expect(end).toBeGreaterThan(0.95 * closedForm)
    }
  })

  it('never holds more micro-batches than 1F1B promises', () => {
    const events = pipelineEvents(equal(4, 1, 2), 16, { pipeline: 4, interleave: 1, schedule: '1f1b' })
    for (let stage = 0; stage < 4; stage++) {
      let held = 0
      let most = 0
      for (const { kind } of events.filter((one) => one.stage === stage))
        most = Math.max(most, (held += kind === 'forward' ? 1 : -1))
      expect(most).toBe(4 - stage)
    }
  })

  it('of a real plan agrees with its closed form', () => {
    const machine = findGpuMachine('a100-80')
    for (const [id, plan] of [
      ['gpt3-175b', { devices: 64, tensor: 8, pipeline: 8, batch: 64, recompute: 'full' }],
      ['bloom-176b', { devices: 48, tensor: 4, pipeline: 12, batch: 64, recompute: 'full' }],
      ['megatron-1t', { devices: 512, tensor: 8, pipeline: 64, batch: 512, recompute: 'full' }],
    ] as const) {
      const model = findModel(id)
      const read = readGpuPlan(plan)
      const { times } = stepTime(model, read, machine, stageLayers(model, read), calibration)
      const { breakdown, stepSeconds } = estimate(model, read, machine)
      const pipelined = stepSeconds - breakdown.data - breakdown.optimizer - breakdown.waiting
      expect(Math.abs(lastEnd(pipelineEvents(times, microBatches(read), read)) / pipelined - 1)).toBeLessThan(0.02)
    }
  })
})
