// The matrix products: x·weight + bias, its fused forms, its backward, and the tied head.
import type { Kernels, Tensor } from '../kernels.ts'
import { gelu } from './gelu.ts'
import { numbers, type HeldTensor, type Numbers, type Storage } from './storage.ts'

/** Row n of the product is handed out in double precision, before it is rounded: rows [N, in] · matrix [in, out]. */
function eachRow(
  x: Numbers,
  matrix: Numbers,
  inner: number,
  outer: number,
  take: (n: number, row: Float64Array) => void,
): void {
  const row = new Float64Array(outer)
  for (let n = 0; n * inner < x.length; n++) {
    row.fill(0)
    for (let i = 0; i < inner; i++) {
      const factor = x[n * inner + i]
      for (let j = 0; j < outer; j++) row[j] += factor * matrix[i * outer + j]
    }
    take(n, row)
  }
}

/** The same with the matrix lying on its side: rows [N, in] · matrixᵀ, matrix [out, in]. */
function eachRowTransposed(
  x: Numbers,
  matrix: Numbers,
  inner: number,
  outer: number,
  take: (n: number, row: Float64Array) => void,
): void {
  const row = new Float64Array(outer)
  for (let n = 0; n * inner < x.length; n++) {
    for (let j = 0; j < outer; j++) {
      let sum = 0
      for (let i = 0; i < inner; i++) sum += x[n * inner + i] * matrix[j * inner + i]
      row[j] = sum
    }
    take(n, row)
  }
}

/** into [a, b] += scale · leftᵀ · right, left [N, a], right [N, b]. */
function addTransposedProduct(into: Tensor, left: Numbers, right: Numbers, scale: number): void {
  const [a, b] = into.shape
  const target = numbers(into)
  const row = new Float64Array(b)
  for (let i = 0; i < a; i++) {
    row.fill(0)
    for (let n = 0; n * a < left.length; n++) {
      const factor = left[n * a + i]
      for (let j = 0; j < b; j++) row[j] += factor * right[n * b + j]
    }
    for (let j = 0; j < b; j++) target[i * b + j] += scale * row[j]
  }
}

export function linearKernels({ tensor }: Storage) {
  function linear(x: Tensor, weight: Tensor, bias: Tensor, residual?: Tensor): HeldTensor {
    const [inner, outer] = weight.shape
    const b = numbers(bias)
    const output = tensor([x.shape[0], outer], residual && numbers(residual))
    eachRow(numbers(x), numbers(weight), inner, outer, (n, row) => {
      for (let j = 0; j < outer; j++) output.data[n * outer + j] += row[j] + b[j]
    })
    return output
  }
  return {
    linear,
    linearGelu(x, weight, bias, form) {
      const before = linear(x, weight, bias)
      const after = tensor(before.shape)
      for (let i = 0; i < after.data.length; i++) after.data[i] = gelu(before.data[i], form)
      return { before, after }
    },
    linearBackward(dy, x, weight, intoWeight, intoBias) {
      const [inner, outer] = weight.shape
      const gradient = numbers(dy)
      const biasSum = Float64Array.from(numbers(intoBias))
      for (let i = 0; i < gradient.length; i++) biasSum[i % outer] += gradient[i]
      numbers(intoBias).set(biasSum)
      addTransposedProduct(intoWeight, numbers(x), gradient, 1)
      const dx = tensor(x.shape)
      eachRowTransposed(gradient, numbers(weight), outer, inner, (n, row) => dx.data.set(row, n * inner))
      return dx
    },
    head(x, tokens, scale) {
      const [vocabulary, width] = tokens.shape
      const logits = tensor([x.shape[0], vocabulary])
      eachRowTransposed(numbers(x), numbers(tokens), width, vocabulary, (n, row) => {
        for (let v = 0; v < vocabulary; v++) logits.data[n * vocabulary + v] = scale * row[v]
      })
      return logits
    },
    headBackward(dLogits, x, tokens, scale, intoTokens) {
      const [vocabulary, width] = tokens.shape
      addTransposedProduct(intoTokens, numbers(dLogits), numbers(x), scale)
      const dx = tensor(x.shape)
      eachRow(numbers(dLogits), numbers(tokens), vocabulary, width, (n, row) => {
        for (let i = 0; i < width; i++) dx.data[n * width + i] = scale * row[i]
      })
      return dx
    },
  } satisfies Partial<Kernels>
}
