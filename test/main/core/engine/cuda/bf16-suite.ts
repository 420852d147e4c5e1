// What precision bf16 must do: with inputs that bf16 holds exactly products are exact to the sums of fp32, or to the
// rounding of what is kept in bf16, and attention to that of its probabilities; a model learns what it learns in fp32.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createGpt } from '#main/core/engine/gpt.ts'
import type { Kernels, Tensor } from '#main/core/engine/kernels.ts'
import type { Precision } from '#shared/engine.ts'
import { createReferenceKernels } from '#main/core/engine/reference.ts'
import { createDice, distance } from '../numbers.ts'
import { adam, randomBatch, tinyModel } from '../tiny.ts'

/** Normal numbers that bf16 holds: the nearest with eight digits. */
function halves(seed: number, length: number): Float32Array {
  const data = createDice(seed).normals(length)
  const bits = new Uint32Array(data.buffer)
  for (let i = 0; i < length; i++) bits[i] = (bits[i] + 0x8000) & 0xffff0000
  return data
}

/** `rounding` is how far from exact a product's result may be: 1e-5 in fp32, 2^-8 where results are kept in bf16. */
export function bf16Suite(
  device: string,
  create: (options: { precision?: Precision }) => Kernels,
  rounding = 1e-5,
): void {
  describe(`${device}, bf16`, () => {
    const reference = createReferenceKernels('double')
    let kernels: Kernels
    beforeAll(() => {
      kernels = create({ precision: 'bf16' })
    })
    afterAll(() => kernels.dispose())

    async function agree(tolerance: number, label: string, work: (k: Kernels) => Record<string, Tensor>) {
      const [actual, expected] = [work(kernels), work(reference)]
      for (const name of Object.keys(expected)) {
        const far = distance(await kernels.read(actual[name]), await reference.read(expected[name]))
        expect(far, `${label}: ${name} is ${far} away`).toBeLessThanOrEqual(tolerance)
      }
    }

    it('is named', () => {
      expect(kernels.device).toMatch(/, bf16( emulated)?$/)
    })

    it.each([
      [1, 7, 5],
      [37, 64, 96],
      [130, 33, 140],
      [700, 40, 24],
    ])('products of %s rows, %s to %s features, and all their gradients', async (n, inner, outer) => {
      await agree(rounding, `${n}x${inner}x${outer}`, (k) => {
        const [x, dy] = [k.tensor([n, inner], halves(1, n * inner)), k.tensor([n, outer], halves(2, n * outer))]
        const [weight, bias] = [k.tensor([inner, outer], halves(3, inner * outer)), k.tensor([outer], halves(4, outer))]
        const [intoWeight, intoBias] = [k.tensor([inner, outer], halves(5, inner * outer)), k.tensor([outer])]
        const plain = k.linear(x, weight, bias, dy)
        const dx = k.linearBackward(dy, x, weight, intoWeight, intoBias)
        const table = k.tensor([outer, inner], halves(6, inner * outer))
        const intoTable = k.tensor([outer, inner])
        const logits = k.head(x, table, 0.5)
        return {
          plain,
          dx,
          intoWeight,
          intoBias,
          logits,
          dHead: k.headBackward(dy, x, table, 0.5, intoTable),
          intoTable,
        }
      })
    })

    it.each([
      [1, 5, 1, 8],
      [2, 70, 2, 64],
      [1, 130, 1, 24],
      [1, 67, 2, 80],
      [1, 40, 1, 128],
      [1, 610, 1, 16], // several blocks of keys
      [1, 12, 2, 20], // goes through fp32
    ])('attention of %s texts of %s tokens, %s heads of %s', async (rows, context, heads, size) => {
      const [n, width] = [rows * context, heads * size]
      const geometry = { rows, context, heads, scale: 1 / Math.sqrt(size) }
      await agree(1e-2, `${rows}x${context}x${heads}x${size}`, (k) => {
        const qkv = k.tensor([n, 3 * width], halves(7, n * 3 * width))
        const { output, logSumExp } = k.attention(qkv, geometry)
        const dy = k.tensor([n, width], halves(8, n * width))
        return { output, logSumExp, dqkv: k.attentionBackward(dy, qkv, output, logSumExp, geometry) }
      })
    })

    it('a copy in bf16 follows its tensor: written, filled, added to and trained', async () => {
      for (const outer of [8, 5]) {
        await agree(rounding, `${outer} wide`, (k) => {
          const [x, bias] = [k.tensor([3, 8], halves(1, 24)), k.tensor([outer])]
          const make = (seed: number) => k.tensor([8, outer], halves(seed, 8 * outer))
          const [weight, gradient] = [make(2), make(3)]
          const results: Record<string, Tensor> = { before: k.linear(x, weight, bias) }
          k.write(weight, halves(4, 8 * outer))
          results.written = k.linear(x, weight, bias)
          k.fill(weight, 0.5)
          results.filled = k.linear(x, weight, bias)
          k.fill(weight, 0)
          k.axpy(weight, 2, make(5))
          results.added = k.linear(x, weight, bias)
          const moments = { firstMoment: k.tensor([8, outer]), secondMoment: k.tensor([8, outer]) }
          const parameter = { name: 'w', value: weight, gradient, ...moments, decays: false, learningRateScale: 1 }
          // The first update moves every weight by the learning rate, whole steps that bf16 holds near zero.
          k.fill(weight, 0)
          k.linear(x, weight, bias)
          k.adamW([parameter], { ...adam, learningRate: 0.5, epsilon: 0, update: 1, gradientScale: 1 })
          k.fill(gradient, 0)
          results.trained = k.linear(x, weight, bias)
          return results
        })
      }
    })

    it('a GPT learns what it learns in fp32, the same bits each time, and gives everything back', async () => {
      const model = { ...tinyModel(), shape: { layers: 2, width: 32, heads: 2, context: 16, vocabulary: 50 } }
      async function losses(k: Kernels) {
        const engine = createGpt(k, 'reference', model)
        const seen: number[] = []
        let trainedBytes = 0
        for (let step = 0; step < 4; step++) {
          seen.push(await engine.accumulate(randomBatch(model, 4, 16, step), 1), await engine.update(0.01, adam))
          if (step === 0) trainedBytes = k.memory().currentBytes
        }
        expect(k.memory().currentBytes).toBe(trainedBytes)
        engine.dispose()
        expect(k.memory().currentBytes).toBe(0)
        return seen
      }
      const half = await losses(create({ precision: 'bf16' }))
      expect(await losses(create({ precision: 'bf16' }))).toEqual(half)
      const full = await losses(create({}))
      expect(half).not.toEqual(full)
      half.forEach((value, i) => {
        const isLoss = i % 2 === 0 // the others are gradients' norms
        expect(Math.abs(value - full[i])).toBeLessThanOrEqual((isLoss ? 0.01 : 0.05) * full[i])
      })
    })
  })
}
