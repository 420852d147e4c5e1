// A training on the graphics card beside the same on the processor: 200 steps of shape B, a sequence each.
import { describe, expect, it } from 'vitest'
import { benchModel, benchShapes } from '#main/core/bench/task.ts'
import { createGpt } from '#main/core/engine/gpt.ts'
import { createGpuKernels } from '#main/core/engine/gpu/gpu.ts'
import type { Kernels } from '#main/core/engine/kernels.ts'
import { createNativeKernels } from '#main/core/engine/native/native.ts'
import { createRandom } from '#shared/random.ts'
import { adam } from '../tiny.ts'
import { missingGpu } from './missing.ts'

const shape = benchShapes.find(({ name }) => name === 'B')!
const rows = 1
const letters = 32

/** Losses of some steps on a text that can be learnt: of few tokens, each of which follows from the last. */
async function losses(kernels: Kernels, steps: number): Promise<number[]> {
  const engine = createGpt(kernels, 'reference', benchModel(shape))
  const { context } = shape.shape
  const random = createRandom(11)
  const seen: number[] = []
  for (let step = 0; step < steps; step++) {
    const text = [random.integer(letters)]
    while (text.length <= rows * context)
      text.push(random.next() < 0.1 ? random.integer(letters) : (5 * text.at(-1)! + 7) % letters)
    const [inputs, targets] = [Int32Array.from(text.slice(0, -1)), Int32Array.from(text.slice(1))]
    seen.push(await engine.accumulate({ inputs, targets, rows, columns: context }, 1))
    await engine.update(3e-4, adam)
  }
  engine.dispose()
  return seen
}

describe.skipIf(missingGpu !== null)('a training on the graphics card', () => {
  it('stays within a thousandth of the native engine for 200 steps', async () => {
    const [card, processor] = [
      await losses(await createGpuKernels(), 200),
      await losses(createNativeKernels({ threads: 0 }), 200),
    ]
    const apart = card.map((loss, i) => Math.abs(loss - processor[i]) / processor[i])
    expect(Math.max(...apart)).toBeLessThan(1e-3)
    expect(card.at(-1)).toBeLessThan(card[0] - 1) // it learns
  }, 400_000)

  it('gives the same bits a second time', async () => {
    const [first, second] = [await losses(await createGpuKernels(), 10), await losses(await createGpuKernels(), 10)]
    expect(second).toEqual(first)
  }, 100_000)
})
