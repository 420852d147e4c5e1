// The reference kernels: every backward against finite differences, taken in double precision so that they mean
// something.
import { describe, expect, it } from 'vitest'
import type { Kernels, Tensor } from '#main/core/engine/kernels.ts'
import { createReferenceKernels } from '#main/core/engine/reference.ts'
import { erf } from '#main/core/engine/reference/gelu.ts'
import { kernelsSuite } from './kernels-suite.ts'
import { createDice, distance } from './numbers.ts'

kernelsSuite('reference', () => createReferenceKernels(), { tolerance: 2e-6 })

const k = createReferenceKernels('double')
const h = 1e-5 // central differences: error about h² ≈ 1e-10

/**
 * Checks d(Σ c·output)/d(input) for every input. `forward` maps inputs to one output; `backward` gets the gradient c of
 * that
 * output and returns the gradients of the inputs, in order.
 */
async function checkGradient(
  shapes: number[][],
  forward: (inputs: Tensor[]) => Tensor,
  backward: (c: Tensor, inputs: Tensor[]) => Tensor[],
) {
  const dice = createDice(shapes.flat().reduce((sum, size) => 31 * sum + size, 1))
  const sizes = shapes.map((shape) => shape.reduce((a, b) => a * b, 1))
  const values = sizes.map((size) => Float64Array.from(dice.normals(size)))
  const tensors = () => values.map((data, i) => k.tensor(shapes[i], data as unknown as Float32Array))
  const shape = forward(tensors()).shape
  const c = Float64Array.from(dice.normals(shape.reduce((a, b) => a * b, 1)))
  const sum = async () => (await k.read(forward(tensors()))).reduce((total, value, i) => total + value * c[i], 0)
  const gradients = backward(k.tensor(shape, c as unknown as Float32Array), tensors())
  for (let input = 0; input < gradients.length; input++) {
    const numeric: number[] = []
    for (let i = 0; i < sizes[input]; i++) {
      const was = values[input][i]
      values[input][i] = was + h
      const above = await sum()
      values[input][i] = was - h
      numeric.push((above - (await sum())) / (2 * h))
      values[input][i] = was
    }
    expect(distance(await k.read(gradients[input]), numeric), `gradient of input ${input}`).toBeLessThan(1e-7)
  }
}

describe('every backward of the reference is the slope of its forward', () => {
  it('embedding', () =>
    checkGradient(
      [
        [5, 3],
        [4, 3],
      ],
      ([tokens, positions]) => k.embedding(k.ids(Int32Array.of(0, 2, 2, 4, 1, 2)), tokens, positions, 3, 1.3),
      (c) => {
        const [intoTokens, intoPositions] = [k.tensor([5, 3]), k.tensor([4, 3])]
        k.embeddingBackward(c, k.ids(Int32Array.of(0, 2, 2, 4, 1, 2)), 3, 1.3, intoTokens, intoPositions)
        return [intoTokens, intoPositions]
      },
    ))

  it('layer norm', () =>
    checkGradient(
      [[4, 6], [6], [6]],
      ([x, gain, bias]) => k.layerNorm(x, gain, bias).output,
      (c, [x, gain, bias]) => {
        const { mean, rstd } = k.layerNorm(x, gain, bias)
        const [intoGain, intoBias] = [k.tensor([6]), k.tensor([6])]
        return [k.layerNormBackward(c, x, gain, mean, rstd, intoGain, intoBias), intoGain, intoBias]
      },
    ))

  it('linear', () =>
    checkGradient(
      [[4, 5], [5, 3], [3]],
      ([x, weight, bias]) => k.linear(x, weight, bias),
      (c, [x, weight]) => {
        const [intoWeight, intoBias] = [k.tensor([5, 3]), k.tensor([3])]
        return [k.linearBackward(c, x, weight, intoWeight, intoBias), intoWeight, intoBias]
      },
    ))

  it.each(['gelu', 'gelu_new'] as const)('%s', (form) =>
    checkGradient(
      [[3, 4]],
      ([x]) => k.linearGelu(x, identity(k, 4), k.tensor([4]), form).after,
      (c, [x]) => [k.geluBackward(c, x, form)],
    ),
  )

  it.each([
    [1, 1, 1, 8],
    [2, 5, 2, 3],
  ])('attention of %i rows, context %i, %i heads of %i', (rows, context, heads, size) => {
    const geometry = { rows, context, heads, scale: 0.7 }
    return checkGradient(
      [[rows * context, 3 * heads * size]],
      ([qkv]) => k.attention(qkv, geometry).output,
      (c, [qkv]) => {
        const { output, logSumExp } = k.attention(qkv, geometry)
        return [k.attentionBackward(c, qkv, output, logSumExp, geometry)]
      },
    )
  })

  it('head', () =>
    checkGradient(
      [
        [3, 4],
        [5, 4],
      ],
      ([x, tokens]) => k.head(x, tokens, 0.8),
      (c, [x, tokens]) => {
        const into = k.tensor([5, 4])
        return [k.headBackward(c, x, tokens, 0.8, into), into]
      },
    ))

  it('cross entropy', async () => {
    const targets = Int32Array.of(1, -1, 4)
    await checkGradient(
      [[3, 5]],
      ([logits]) => k.tensor([1], sumOf(k.crossEntropy(logits, k.ids(targets)))),
      (c, [logits]) => {
        k.crossEntropy(logits, k.ids(targets), held(c)[0])
        return [logits]
      },
    )
  })
})

it('erf is right to fifteen digits on both sides of the switch', () => {
  // From Abramowitz & Stegun table 7.1 and Wolfram Alpha.
  expect(erf(0.5)).toBeCloseTo(0.5204998778130465, 14)
  expect(erf(2)).toBeCloseTo(0.9953222650189527, 14)
  expect(erf(2.4999999)).toBeCloseTo(erf(2.5000001), 8)
  expect(erf(3)).toBeCloseTo(0.9999779095030014, 14)
  expect(erf(-1)).toBeCloseTo(-0.8427007929497149, 14)
})

it('a token outside the vocabulary is refused with its number', () => {
  expect(() => k.embedding(k.ids(Int32Array.of(9)), k.tensor([5, 2]), k.tensor([1, 2]), 1, 1)).toThrow(
    'token 9 is outside a vocabulary of 5',
  )
})

const held = (tensor: Tensor) => (tensor as unknown as { data: Float64Array }).data
const sumOf = (tensor: Tensor) => Float64Array.of(held(tensor).reduce((a, b) => a + b, 0)) as unknown as Float32Array
const identity = (kernels: Kernels, size: number) =>
  kernels.tensor(
    [size, size],
    Float32Array.from({ length: size * size }, (_, i) => (i % (size + 1) === 0 ? 1 : 0)),
  )
