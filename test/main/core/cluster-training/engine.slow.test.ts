import { existsSync, readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { afterEach, describe, expect, it } from 'vitest'
import type { StreamingStep } from '#shared/cluster/live.ts'
import type { Precision } from '#shared/engine.ts'
import { countParameters } from '#shared/family/shape.ts'
import { createRandom } from '#shared/random.ts'
import { createEngine } from '#main/core/engine/create.ts'
import {
  createStreamingEngine,
  type StreamingEngine,
  type StreamingOptions,
} from '#main/core/cluster-training/engine.ts'
import { layoutOf, neededWeightBytes } from '#main/core/cluster-training/layout.ts'
import { inProcessParts } from '../../../support/in-process-parts.ts'
import { tinyBatch, tinyClusterModel as model, trainTiny } from '../../../support/tiny-training.ts'

const open = new Set<StreamingEngine>()
let lastName = 0
async function cluster(systems: number, changes: Partial<StreamingOptions> = {}, plan = model) {
  const parts = inProcessParts()
  const steps: StreamingStep[] = []
  const engine = await createStreamingEngine(plan, {
    systems,
    engine: 'reference',
    threads: 1,
    start: parts.start,
    name: `test-${++lastName}`,
    onStep: (step) => steps.push(step),
    ...changes,
  })
  open.add(engine)
  return { engine, steps, parts }
}
async function plain(steps: number, micros?: readonly number[], precision: Precision = 'fp32') {
  const engine = await createEngine(precision === 'bf16' ? 'native' : 'reference', model, { threads: 1, precision })
  try {
    return { curve: await trainTiny(engine, steps, micros), state: await engine.snapshot() }
  } finally {
    engine.dispose()
  }
}
afterEach(async () => {
  for (const engine of open) await engine.close()
  open.clear()
})
const largestDifference = (a: { loss: number }[], b: { loss: number }[]) =>
  Math.max(...a.map(({ loss }, i) => Math.abs(loss / b[i].loss - 1)))

describe('a training on a cluster', () => {
  it('is the plain training bit for bit on one system', async () => {
    const { engine } = await cluster(1)
    const { curve, state } = await plain(20)
    expect(await trainTiny(engine, 20)).toEqual(curve)
    expect(await engine.snapshot()).toEqual(state)
  })

  it.each([1, 2, 3, 4, 8])(
    'has the loss curve of the plain one on %i systems over 200 steps, with batches that do not divide',
    async (systems) => {
      const { engine } = await cluster(systems)
      const micros = [5, 2]
      const { curve } = await plain(200, micros)
      expect(curve[199].loss).toBeLessThan(curve[0].loss / 2)
      expect(largestDifference(await trainTiny(engine, 200, micros), curve)).toBeLessThan(1e-5)
    },
    60_000,
  )

  it('is the plain training in bf16 too: its very bits on one system, its curve on two', async () => {
    const half = { engine: 'native', precision: 'bf16' } as const
    const { engine } = await cluster(1, half)
    const { curve, state } = await plain(20, undefined, 'bf16')
    expect(engine.device).toMatch(/bf16/)
    expect(await trainTiny(engine, 20)).toEqual(curve)
    expect(await engine.snapshot()).toEqual(state)
    expect(curve).not.toEqual((await plain(20)).curve)
    const { engine: two } = await cluster(2, half)
    expect(largestDifference(await trainTiny(two, 20), curve)).toBeLessThan(2e-3) // other sums, rounded to 8 bits
  })

  it('moves as many bytes out of the store for any number of systems', async () => {
    const layout = layoutOf(model.shape)
    const seen = []
    for (const systems of [1, 2, 5, 16]) {
      const { engine, steps } = await cluster(systems)
      await trainTiny(engine, 2, [6])
      const { bytes } = steps[1]
      const blocks = layout.count - layout.layers[0].count
      const down = 4 * (layout.layers[0].count + 2 * blocks)
      expect(bytes.storeOut).toBe(down)
      expect(bytes.storeIn).toBe(4 * countParameters(model.shape))
      const working = Math.min(systems, 6)
      expect(bytes.fabricIn).toBe(down + working * bytes.storeIn)
      expect(bytes.fabricOut).toBe(systems * down + bytes.storeIn)
      expect(bytes.systems.map((one) => one.in)).toEqual(new Array(systems).fill(down))
      expect(bytes.systems.reduce((sum, one) => sum + one.out, 0)).toBe(working * bytes.storeIn)
      seen.push({ out: bytes.storeOut, in: bytes.storeIn })
    }
    expect(new Set(seen.map((one) => JSON.stringify(one))).size).toBe(1)
  })

  it('holds at most its embeddings and two layers on a system, however deep the model', async () => {
    const peaks = []
    for (const layers of [2, 3, 9]) {
      const deep = { ...model, shape: { ...model.shape, layers } }
      const { engine, steps } = await cluster(2, {}, deep)
      await trainTiny(engine, 1)
      const layout = layoutOf(deep.shape)
      for (const peak of steps[0].residentWeightBytes)
        expect(peak).toBeLessThanOrEqual(4 * (layout.layers[0].count + 2 * layout.layers[1].count))
      peaks.push(Math.max(...steps[0].residentWeightBytes))
      if (layers === 9) expect(steps[0].modelBytes).toBeGreaterThan(2 * peaks[2])
    }
    expect(new Set(peaks).size).toBe(1)
  })

  it('holds no more of a vocabulary that is larger than many layers', async () => {
    const wide = { ...model, shape: { ...model.shape, vocabulary: 2000 } }
    const { engine, steps } = await cluster(2, {}, wide)
    await trainTiny(engine, 1)
    expect(Math.max(...steps[0].residentWeightBytes)).toBe(neededWeightBytes(layoutOf(wide.shape)))
  })

  it('trains a model larger than what a system may hold, and refuses one whose layers do not fit', async () => {
    const deep = { ...model, shape: { ...model.shape, layers: 12 } }
    const needed = neededWeightBytes(layoutOf(deep.shape))
    const { engine, steps } = await cluster(2, { systemWeightBytes: needed }, deep)
    await trainTiny(engine, 1)
    expect(steps[0].modelBytes).toBeGreaterThan(3 * needed)
    expect(Math.max(...steps[0].residentWeightBytes)).toBeLessThanOrEqual(needed)
    await expect(cluster(2, { systemWeightBytes: needed - 1 }, deep)).rejects.toMatchObject({
      code: 'too-large',
      message: expect.stringMatching(new RegExp(`${needed - 1}.*${needed}`)),
    })
  })

  it('says what all its parts hold now, and the most they held', async () => {
    const { engine } = await cluster(2)
    const state = 4 * 4 * countParameters(model.shape) // weights, gradients and moments in the store
    const before = engine.memory()
    expect(before.currentBytes).toBeGreaterThan(state)
    await trainTiny(engine, 2, [6])
    const after = engine.memory()
    expect(after.currentBytes).toBe(before.currentBytes) // the activations are gone again
    expect(after.peakBytes).toBeGreaterThan(after.currentBytes)
    await engine.loss(tinyBatch(4, 1, model.shape))
    expect(engine.memory().currentBytes).toBeGreaterThan(after.currentBytes) // what only reads has weights of its own
  })

  it('measures every layer, and how much of the transfers was hidden', async () => {
    const { engine, steps } = await cluster(2)
    await trainTiny(engine, 3)
    expect(steps.map(({ step }) => step)).toEqual([1, 2, 3])
    const [{ layers, overlap, stepSeconds, updateSeconds, transferSeconds, loss }] = steps
    expect(layers.map(({ name }) => name)).toEqual(['embeddings', 'h.0', 'h.1', 'h.2'])
    for (const one of layers) {
      expect(one.receiveSeconds).toBeGreaterThan(0)
      expect(one.computeSeconds).toBeGreaterThan(0)
      expect(one.hiddenSeconds).toBeLessThanOrEqual(one.receiveSeconds)
    }
    expect(overlap).toBeGreaterThanOrEqual(0)
    expect(overlap).toBeLessThanOrEqual(1)
    expect(stepSeconds).toBeGreaterThan(updateSeconds)
    expect(transferSeconds, 'a pass in which nobody computes').toBeGreaterThan(0)
    expect(loss).toBeCloseTo(Math.log(29), 0)
  })

  it('validates with the weights as they are, and goes on from its own snapshot', async () => {
    const { engine } = await cluster(2)
    const validated = await createEngine('reference', model, { threads: 1 })
    const batch = tinyBatch(9, 3, model.shape)
    const whole = await trainTiny(engine, 12)
    validated.restore(await engine.snapshot())
    expect(await engine.loss(batch)).toBe(await validated.loss(batch))
    validated.dispose()
    const { engine: first } = await cluster(2)
    await trainTiny(first, 5)
    const state = await first.snapshot()
    const { engine: second } = await cluster(2, { state })
    expect(await trainTiny(second, 7, [5], 5)).toEqual(whole.slice(5))
  })

  it('loses and repeats no update when parts are killed at any moment', async () => {
    const { engine: undisturbed } = await cluster(3)
    const wanted = await trainTiny(undisturbed, 40)
    const random = createRandom(77)
    const { engine, parts, steps } = await cluster(3)
    let isOver = false
    const killing = (async () => {
      const victims = ['store', 'fabric', { system: 0 }, { system: 1 }, { system: 2 }] as const
      while (!isOver) {
        for (let turns = random.integer(60); turns > 0; turns--) await new Promise((resolve) => setImmediate(resolve))
        engine.killPart(victims[random.integer(victims.length)])
      }
    })()
    const curve = await trainTiny(engine, 40)
    isOver = true
    await killing
    expect(curve).toEqual(wanted)
    expect(await engine.snapshot()).toEqual(await undisturbed.snapshot())
    expect(parts.killed()).toBeGreaterThan(50)
    expect(steps[39].faults).toBeGreaterThan(10)
  }, 60_000)

  it('leaves no files behind', async () => {
    const { engine } = await cluster(1)
    const mine = () =>
      ['/dev/shm', tmpdir()]
        .flatMap((place) => (existsSync(place) ? readdirSync(place) : []))
        .filter((name) => name.includes(`${process.pid}-test-${lastName}`))
    expect(mine()).toHaveLength(1)
    await engine.close()
    expect(mine()).toEqual([])
  })
})
