// Kernels whose threads meet: the same bits whatever the order of threads, and not without one of their barriers.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { createCudaKernels } from '#main/core/engine/cuda/cuda.ts'
import type { Kernels, Tensor } from '#main/core/engine/kernels.ts'
import { buildEmulator, canEmulate } from '../../../../support/cuda/build.ts'
import { createDice } from '../numbers.ts'

const folder = join(__dirname, '../../../../../src/native/cuda')
const barriers = readdirSync(folder).flatMap((file) =>
  readFileSync(join(folder, file), 'utf8')
    .split('\n')
    .flatMap((line, i) => (/__sync(threads|warp)\(\);/.test(line) ? [`${file} ${i + 1}`] : [])),
)

/** A little of what each file of kernels does, as numbers. */
const works: Record<string, (k: Kernels) => Promise<number[][]>> = {
  'attention.h': (k) => {
    const [n, width] = [70, 2 * 24]
    const dice = createDice(3)
    const geometry = { rows: 1, context: n, heads: 2, scale: 0.2 }
    const qkv = k.tensor([n, 3 * width], dice.normals(n * 3 * width))
    const { output, logSumExp } = k.attention(qkv, geometry)
    const dqkv = k.attentionBackward(k.tensor([n, width], dice.normals(n * width)), qkv, output, logSumExp, geometry)
    return readAll(k, output, logSumExp, dqkv)
  },
  'common.h': (k) => works['learning.h'](k),
  'half-attention.h': (k) => works['attention.h'](k),
  'half-product.h': (k) => works['product.h'](k),
  'layer-norm.h': (k) => {
    const dice = createDice(4)
    const [x, dy] = [k.tensor([90, 40], dice.normals(3600)), k.tensor([90, 40], dice.normals(3600))]
    const [gain, bias] = [k.tensor([40], dice.normals(40)), k.tensor([40])]
    const { output, mean, rstd } = k.layerNorm(x, gain, bias)
    return readAll(k, output, k.layerNormBackward(dy, x, gain, mean, rstd, gain, bias), gain, bias)
  },
  'learning.h': async (k) => {
    const logits = k.tensor([9, 700], createDice(5).normals(6300))
    const targets = k.ids(Int32Array.from({ length: 9 }, (_, i) => 31 * i + (i % 3)))
    const places = [...(await k.argmax(logits))]
    const parameter = { decays: true, learningRateScale: 1, name: 'w' }
    const count = 150_000
    const [value, gradient, other] = [1, 2, 3].map((seed) => k.tensor([count], createDice(seed).normals(count)))
    const moments = { firstMoment: other, secondMoment: other }
    // Another sum first: what it leaves in shared memory is not what the second one looks for.
    await k.globalNorm([{ ...parameter, value, gradient: other, ...moments }])
    const norm = await k.globalNorm([{ ...parameter, value, gradient, ...moments }])
    return [places, [norm], ...(await readAll(k, k.crossEntropy(logits, targets, 0.3), logits))]
  },
  'product.h': (k) => {
    const dice = createDice(6)
    const [n, inner, outer] = [70, 100, 130]
    const [x, w, dy] = [n * inner, inner * outer, n * outer].map((count) => dice.normals(count))
    const [input, weight, bias] = [k.tensor([n, inner], x), k.tensor([inner, outer], w), k.tensor([outer])]
    const y = k.linear(input, weight, bias)
    return readAll(k, y, k.linearBackward(k.tensor([n, outer], dy), input, weight, weight, bias), weight)
  },
}

async function readAll(k: Kernels, ...tensors: Tensor[]): Promise<number[][]> {
  return Promise.all(tensors.map(async (tensor) => [...(await k.read(tensor))]))
}

/** What the work of a file gives with threads in that order, and without one barrier. */
async function numbersOf(file: string, order: number, without = ''): Promise<number[][]> {
  process.env.EMULATED_CUDA_ORDER = String(order)
  process.env.EMULATED_CUDA_WITHOUT = without
  const kernels = createCudaKernels({ precision: file.startsWith('half') ? 'bf16' : 'fp32' })
  const numbers = await works[file](kernels)
  kernels.dispose()
  return numbers
}

describe.skipIf(!canEmulate)('kernels whose threads meet', () => {
  beforeAll(() => {
    process.env.ISOFLOP_LIBCUDA = buildEmulator()
  })
  afterEach(() => {
    process.env.EMULATED_CUDA_ORDER = process.env.EMULATED_CUDA_WITHOUT = ''
  })

  it.each(Object.keys(works))('%s: the same bits forward, backward, scattered and a warp ahead', async (file) => {
    const first = await numbersOf(file, 0)
    for (const order of [1, 2, 3, 4]) expect(await numbersOf(file, order)).toEqual(first)
  })

  it.each(barriers)('are wrong without the barrier at %s', async (barrier) => {
    const [file] = barrier.split(' ')
    const right = JSON.stringify(await numbersOf(file, 0))
    const found: boolean[] = []
    for (const order of [0, 1, 2, 3, 4]) found.push(JSON.stringify(await numbersOf(file, order, barrier)) !== right)
    expect(found).toContain(true)
  })
})
