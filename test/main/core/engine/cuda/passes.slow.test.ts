// A pass of a training as a CUDA graph: the bits of one whose kernels are launched one by one, whatever changes from
// step to step and lies between; and a driver that records nothing is none the worse for it.
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, afterEach, describe, expect, it, vi } from 'vitest'
import { createCudaKernels } from '#main/core/engine/cuda/cuda.ts'
import { type Device, openDevice } from '#main/core/engine/cuda/device.ts'
import type { Driver } from '#main/core/engine/cuda/driver.ts'
import type { Continuation, ObservedEngine } from '#main/core/engine/engine.ts'
import { createGpt } from '#main/core/engine/gpt.ts'
import type { Precision } from '#shared/engine.ts'
import { buildEmulator, canEmulate } from '../../../../support/cuda/build.ts'
import { adam, randomBatch, tinyModel } from '../tiny.ts'

const model = tinyModel({ shape: { layers: 1, width: 12, heads: 3, context: 7, vocabulary: 13 } })
const columns = 7 // and 12 features, rows that bf16 fills up to 16

type Between = (engine: ObservedEngine, step: number) => Promise<number[]>
interface Trained {
  numbers: number[]
  launches: number[]
  graphs: number[]
}

/** Trains for a few steps, doing `between` after each: what came out, and what each step asked of the driver. */
async function train(
  device: Device,
  precision: Precision,
  between: Between = async () => [],
  rowsOf: (step: number) => number[] = () => [2],
): Promise<Trained> {
  const launched = vi.spyOn(device.driver, 'cuLaunchKernel')
  const played = device.driver.graphs && vi.spyOn(device.driver.graphs, 'cuGraphLaunch')
  const kernels = createCudaKernels({ device, precision })
  const engine = createGpt(kernels, 'cuda', model)
  const trained: Trained = { numbers: [], launches: [], graphs: [] }
  const { numbers, launches, graphs } = trained
  for (let step = 0; step < 7; step++) {
    launched.mockClear()
    played?.mockClear()
    const parts = rowsOf(step)
    const all = parts.reduce((sum, rows) => sum + rows)
    for (const [i, rows] of parts.entries()) {
      const batch = randomBatch(model, rows, columns, 10 * step + i)
      if (step === 5) batch.targets.fill(-1, 0, 3) // fewer count: another scale of the gradient
      numbers.push(await engine.accumulate(batch, rows / all))
    }
    numbers.push(await engine.update(0.01 / (step + 1), adam))
    launches.push(launched.mock.calls.length)
    graphs.push(played?.mock.calls.length ?? 0)
    numbers.push(...(await between(engine, step)))
  }
  const { parameters, firstMoments, secondMoments } = await engine.snapshot()
  for (const kept of [parameters, firstMoments, secondMoments])
    for (const values of kept.values()) numbers.push(...values)
  engine.dispose()
  expect(kernels.memory().currentBytes).toBe(0)
  vi.restoreAllMocks()
  return trained
}

const oneByOne = (): Device => ({ ...openDevice(), graphs: null })
const precisions = ['fp32', 'bf16'] as const

describe.skipIf(!canEmulate)('a pass of a training', () => {
  const plain = {} as Record<Precision, Trained>
  beforeAll(async () => {
    process.env.ISOFLOP_LIBCUDA = buildEmulator()
    for (const precision of precisions) plain[precision] = await train(oneByOne(), precision)
  })
  afterEach(() => {
    process.env.EMULATED_CUDA_FAIL = process.env.EMULATED_CUDA_MEMORY = ''
    vi.restoreAllMocks()
  })

  it.each(precisions)('is one graph from its second time on, and the same bits, in %s', async (precision) => {
    const { numbers, launches, graphs } = await train(openDevice(), precision)
    expect(numbers).toEqual(plain[precision].numbers)
    expect(graphs).toEqual([0, 1, 1, 1, 1, 0, 1])
    // The update, whose learning rate changes, is launched: the norm's two kernels and AdamW.
    expect([launches[3], plain[precision].launches[3] > 30]).toEqual([3, true])
    expect(plain[precision].graphs[3]).toBe(0)
  })

  it.each(precisions)('is the same when batches grow and end in a smaller part, in %s', async (precision) => {
    const rowsOf = (step: number) => (step < 3 ? [2, 1] : [2, 2, 1])
    const one = await train(oneByOne(), precision, undefined, rowsOf)
    const graph = await train(openDevice(), precision, undefined, rowsOf)
    expect(graph.numbers).toEqual(one.numbers)
    expect(graph.graphs).toEqual([0, 2, 2, 1, 3, 1, 3])
  })

  it.each(precisions)('is the same when other work lies between and weights are replaced, in %s', async (precision) => {
    let text: Continuation
    const between: Between = async (engine, step) => {
      const seen = [await engine.loss(randomBatch(model, 3, 5, step))]
      if (step === 1) {
        text = engine.continuation() // its caches take memory that the graph was recorded with
        seen.push(...(await text.feed(Int32Array.of(1, 2, 3))))
      }
      if (step === 6) text.dispose()
      if (step === 3) {
        const state = await engine.snapshot()
        for (const values of state.parameters.values()) values.forEach((value, i) => (values[i] = 0.9 * value))
        engine.restore(state)
      }
      return seen
    }
    const one = await train(oneByOne(), precision, between)
    const graph = await train(openDevice(), precision, between)
    expect(graph.numbers).toEqual(one.numbers)
    expect(graph.graphs.slice(1, 5)).toEqual([1, 1, 1, 1])
  })

  it('is queued anew where its memory went back to the driver', async () => {
    process.env.EMULATED_CUDA_MEMORY = '120000'
    const between: Between = async (engine, step) =>
      step === 3 ? [await engine.loss(randomBatch(model, 12, columns, step))] : []
    const one = await train(oneByOne(), 'fp32', between)
    const device = openDevice()
    const made = vi.spyOn(device.driver.graphs!, 'cuGraphInstantiateWithFlags')
    const recordings: number[] = []
    const graph = await train(device, 'fp32', async (engine, step) => {
      recordings.push(made.mock.calls.length)
      return between(engine, step)
    })
    expect(graph.numbers).toEqual(one.numbers)
    expect(recordings).toEqual([0, 1, 1, 1, 2, 2, 3])
  })

  const refusals = ['cuStreamBeginCapture_v2 801', 'cuStreamEndCapture 901', 'cuGraphInstantiateWithFlags 2']
  it.each(['cuStreamCreate 801', ...refusals, 'cuGraphLaunch 801'])(
    'is launched kernel by kernel where the driver refuses: %s',
    async (failure) => {
      process.env.EMULATED_CUDA_FAIL = failure
      expect((await train(openDevice(), 'bf16')).numbers).toEqual(plain.bf16.numbers)
    },
  )

  it('is launched kernel by kernel where the driver has no graphs', async () => {
    const before = process.env.ISOFLOP_LIBCUDA!
    process.env.ISOFLOP_LIBCUDA = join(mkdtempSync(join(tmpdir(), 'isoflop-no-graphs-')), 'libcuda.so')
    const library = readFileSync(before, 'latin1').replace('cuGraphLaunch\0', 'cuGraphLaunc_\0')
    writeFileSync(process.env.ISOFLOP_LIBCUDA, library, 'latin1')
    const device = openDevice()
    expect(device.graphs).toBeNull()
    const { numbers } = await train(device, 'bf16')
    process.env.ISOFLOP_LIBCUDA = before
    expect(numbers).toEqual(plain.bf16.numbers)
  })
})

describe.skipIf(!canEmulate)('the emulated card records as a driver does', () => {
  beforeAll(() => {
    process.env.ISOFLOP_LIBCUDA = buildEmulator()
  })

  it('runs nothing, and later with the arguments of that time', async () => {
    const device = openDevice()
    const kernels = createCudaKernels({ device })
    const tensor = kernels.tensor([3])
    let value = 2
    const graph = device.graphs!.record(() => kernels.fill(tensor, value))!
    expect([...(await kernels.read(tensor))]).toEqual([0, 0, 0])
    value = 5
    kernels.fill(tensor, value)
    expect(graph.launch()).toBe(true)
    expect([...(await kernels.read(tensor))]).toEqual([2, 2, 2])
    graph.dispose()
    expect(graph.launch()).toBe(false)
    kernels.dispose()
  })

  it.each<[string, number, (driver: Driver, address: number, stream: number) => number]>([
    ['waiting', 900, (driver) => driver.cuCtxSynchronize()],
    ['memory', 900, (driver) => driver.cuMemAlloc_v2([0], 256)],
    ['a copy', 906, (driver, address) => driver.cuMemcpyHtoD_v2(address, new Float32Array(3), 12)],
    ['another recording', 401, (driver, _, stream) => driver.graphs!.cuStreamBeginCapture_v2(stream, 1)],
  ])('and does not bear %s', (_, code, call) => {
    const { driver, dispose } = openDevice()
    const { cuStreamCreate, cuStreamBeginCapture_v2: begin, cuStreamEndCapture: end } = driver.graphs!
    const [stream, address, graph]: [[number], [number], [number]] = [[0], [0], [0]]
    driver.cuMemAlloc_v2(address, 256)
    cuStreamCreate(stream, 0)
    expect([begin(0, 1), begin(stream[0], 1)]).toEqual([900, 0]) // stream 0 is not recorded
    expect(call(driver, address[0], stream[0])).toBe(code)
    expect(end(stream[0], graph)).toBe(code === 401 ? 0 : 901)
    driver.cuMemFree_v2(address[0])
    dispose()
  })
})
