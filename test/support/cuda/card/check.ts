// What a machine with a card is asked: the kernel suite, the speed of products, and a training step of GPT-2 124M, with
// the share of each kernel. Bundled by scripts/pack-cuda-check.mjs.
import { createCudaKernels } from '#main/core/engine/cuda/cuda.ts'
import { type Device, openDevice } from '#main/core/engine/cuda/device.ts'
import { createGpt } from '#main/core/engine/gpt.ts'
import { gpt2Plan } from '#main/core/engine/init.ts'
import type { Kernels } from '#main/core/engine/kernels.ts'
import { type GptShape, listParameters } from '#shared/family/shape.ts'
import { bf16Suite } from '../../../main/core/engine/cuda/bf16-suite.ts'
import { kernelsSuite } from '../../../main/core/engine/kernels-suite.ts'
import { adam, randomBatch } from '../../../main/core/engine/tiny.ts'
import { runTests } from '../../small-vitest.ts'

const isSmall = process.env.CHECK_SMALL === '1' // on an emulated card
const gpt2: GptShape = isSmall
  ? { layers: 1, width: 32, heads: 2, context: 16, vocabulary: 61 }
  : { layers: 12, width: 768, heads: 12, context: 1024, vocabulary: 50257 }
const rows = Number(process.env.CHECK_ROWS ?? (isSmall ? 2 : 16))

function cheapWeights(shape: GptShape): Map<string, Float32Array> {
  let state = 1
  const random = () => ((state = (Math.imul(state, 1664525) + 1013904223) | 0), 0.06 * (state / 2 ** 32))
  return new Map(
    listParameters(shape).map(({ name, shape: sizes, kind }) => {
      const values = new Float32Array(sizes.reduce((product, size) => product * size, 1))
      if (kind === 'norm' && name.endsWith('weight')) values.fill(1)
      else for (let i = 0; i < values.length; i++) values[i] = random()
      return [name, values]
    }),
  )
}

async function products(kernels: Kernels): Promise<void> {
  const size = isSmall ? 64 : 4096
  const [x, weight, bias] = [kernels.tensor([size, size]), kernels.tensor([size, size]), kernels.tensor([size])]
  const run = async (times: number) => {
    const started = performance.now()
    for (let i = 0; i < times; i++) kernels.linear(x, weight, bias).dispose()
    await kernels.read(bias)
    return (performance.now() - started) / times
  }
  await run(2)
  const ms = await run(10)
  console.log(`product ${size}³: ${ms.toFixed(2)} ms, ${((2 * size ** 3) / ms / 1e9).toFixed(1)} TFLOP/s`)
}

/** A device that waits after each kernel and adds up its time. */
function timed(device: Device, spent: Map<string, [ms: number, count: number]>): Device {
  const launch: Device['launch'] = (kernel, ...rest) => {
    device.driver.cuCtxSynchronize()
    const started = performance.now()
    device.launch(kernel, ...rest)
    device.driver.cuCtxSynchronize()
    const [ms, count] = spent.get(kernel) ?? [0, 0]
    spent.set(kernel, [ms + performance.now() - started, count + 1])
  }
  const launchEach: Device['launchEach'] = (kernel, count, ...args) =>
    launch(kernel, [Math.ceil(count / 256)], 256, 0, ...args, count)
  return { ...device, launch, launchEach }
}

async function training(kernels: Kernels, steps: number): Promise<string> {
  const model = gpt2Plan(gpt2)
  const engine = createGpt(kernels, 'reference', model, cheapWeights(gpt2))
  const batches = Array.from({ length: steps + 1 }, (_, step) => randomBatch(model, rows, gpt2.context, step))
  const losses: number[] = []
  let started = 0
  for (const [step, batch] of batches.entries()) {
    if (step === 1) started = performance.now()
    losses.push(await engine.accumulate(batch, 1))
    await engine.update(3e-4, adam)
  }
  const ms = (performance.now() - started) / steps
  const peak = (engine.memory().peakBytes / 2 ** 30).toFixed(1)
  engine.dispose()
  const rate = ((1000 * rows * gpt2.context) / ms).toFixed(0)
  const seen = losses.map((loss) => loss.toFixed(6)).join(' ')
  return `${rate} tokens/s, ${ms.toFixed(1)} ms per step of ${rows} × ${gpt2.context}, ${peak} GiB, losses ${seen}`
}

async function main(): Promise<void> {
  kernelsSuite('cuda', () => createCudaKernels(), { tolerance: 1e-5, isSlow: isSmall })
  bf16Suite('cuda', createCudaKernels)
  console.log(`${await runTests()} tests failed`)
  for (const precision of ['bf16', 'fp32'] as const) {
    const kernels = createCudaKernels({ precision })
    console.log(`\n${kernels.device}`)
    await products(kernels)
    kernels.dispose()
    console.log(`training: ${await training(createCudaKernels({ precision }), isSmall ? 2 : 8)}`)
    const spent = new Map<string, [ms: number, count: number]>()
    await training(createCudaKernels({ precision, device: timed(openDevice(), spent) }), 1)
    for (const [name, [ms, count]] of [...spent].sort((a, b) => b[1][0] - a[1][0]))
      console.log(`${(ms / 2).toFixed(2).padStart(9)} ms per step, ${String(count / 2).padStart(5)} launches: ${name}`)
  }
}

main().catch((error: unknown) => {
  console.error(error)
  process.exitCode = 1
})
