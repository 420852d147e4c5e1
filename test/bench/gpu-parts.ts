// What test/bench/gpu.mjs runs, bundled with a runner in vitest's place so that it needs Node alone.
import { createGpt } from '#main/core/engine/gpt.ts'
import { gpt2Plan } from '#main/core/engine/init.ts'
import { openGpu } from '#main/core/engine/gpu/device.ts'
import { createGpuKernels } from '#main/core/engine/gpu/gpu.ts'
import { createGpuMemory } from '#main/core/engine/gpu/memory.ts'
import { product, tiles, type Form, type TileName } from '#main/core/engine/gpu/shaders/product.ts'
import type { BenchShape } from '#main/core/bench/task.ts'
import { parseBenchShape } from '#main/core/bench/task.ts'
import { createRandom } from '#shared/random.ts'
import { kernelsSuite } from '../main/core/engine/kernels-suite.ts'
import { runTests } from '../support/small-vitest.ts'

export { parseBenchShape }

/** The kernel suite on this machine's card; how many of it failed. */
export async function checkKernels(): Promise<number> {
  kernelsSuite('gpu', () => createGpuKernels(), { tolerance: 1e-5 })
  return runTests()
}

/** FLOP/s of every tile and form on a square product, and of one workgroup of it alone. */
export async function rateTiles(
  size: number,
  unroll: number,
): Promise<{ tile: string; form: string; flops: number; alone: number }[]> {
  const device = openGpu()
  const memory = createGpuMemory(device)
  const [a, b, c] = [0, 1, 2].map(() => memory.empty([size, size]))
  const rates: { tile: string; form: string; flops: number; alone: number }[] = []
  const done = () => device.read(c.range, new Float32Array(4))
  for (const name of Object.keys(tiles) as TileName[])
    for (const form of ['nn', 'nt', 'tn'] satisfies Form[]) {
      const kernel = product(form, name, 'plain', true, true, true, unroll)
      const time = async (m: number, n: number) => {
        const params = { m, n, k: size, a: size, b: size, c: size, part: size, scale: 1 }
        const once = () =>
          device.dispatch(
            kernel,
            [Math.ceil(n / tiles[name].columns), Math.ceil(m / tiles[name].rows), 1],
            params,
            [a, b, c].map(({ range }) => range),
            2 * m * n * size,
          )
        once()
        await done()
        let [count, seconds] = [0, 0]
        const startedAt = performance.now()
        while (seconds < 0.1) {
          for (let i = 0; i < 5; i++, count++) once()
          await done()
          seconds = (performance.now() - startedAt) / 1000
        }
        return (count * 2 * m * n * size) / seconds
      }
      rates.push({
        tile: name,
        form,
        flops: await time(size, size),
        alone: await time(tiles[name].rows, tiles[name].columns),
      })
    }
  device.close()
  return rates
}

/** Seconds of each kernel in some steps, every dispatch waited for; and tokens/s without that. */
export async function profileSteps({ shape, rows, activation }: BenchShape, steps: number) {
  const random = createRandom(1)
  const draw = () => Int32Array.from({ length: rows * shape.context }, () => random.integer(shape.vocabulary))
  const batch = { inputs: draw(), targets: draw(), rows, columns: shape.context }
  const adam = { beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0.1, clipNorm: 1 }
  const kernels = await createGpuKernels()
  const engine = createGpt(kernels, 'gpu', gpt2Plan(shape, activation))
  const losses: number[] = []
  const step = async () => {
    losses.push(await engine.accumulate(batch, 1))
    await engine.update(3e-4, adam)
  }
  const warmAt = performance.now()
  await step()
  const firstSeconds = (performance.now() - warmAt) / 1000
  await step()
  const before = { ...kernels.counts }
  const startedAt = performance.now()
  for (let i = 0; i < steps; i++) await step()
  const seconds = (performance.now() - startedAt) / 1000 / steps
  const counts = Object.fromEntries(
    Object.entries(kernels.counts).map(([name, value]) => [
      name,
      (value - before[name as keyof typeof before]) / steps,
    ]),
  )
  const profile = await kernels.profile(step)
  const { device } = kernels
  const memory = kernels.memory()
  engine.dispose()
  return {
    device,
    tokensPerSecond: (rows * shape.context) / seconds,
    seconds,
    firstSeconds,
    counts,
    losses,
    memory,
    profile,
  }
}
