// Causal self-attention, one head and one query at a time, and the same with keys and values remembered.
import type { KeyValueCache, Kernels, Tensor } from '../kernels.ts'
import { treeAttentionInTurn } from '../tree-attention.ts'
import { numbers, type HeldTensor, type Numbers, type Storage } from './storage.ts'

interface HeldCache extends KeyValueCache {
  length: number
  readonly capacity: number
  /** [rows, capacity, 2·width]: each token's keys, then its values. */
  readonly held: HeldTensor
}

/**
 * Scaled scores of one query against keys 0..count, the largest first found, as a probability row; returns their
 * log-sum-exp.
 */
function softmax(scores: Float64Array, count: number): number {
  let largest = -Infinity
  for (let j = 0; j < count; j++) largest = Math.max(largest, scores[j])
  let sum = 0
  for (let j = 0; j < count; j++) sum += scores[j] = Math.exp(scores[j] - largest)
  for (let j = 0; j < count; j++) scores[j] /= sum
  return largest + Math.log(sum)
}

function dot(a: Numbers, aAt: number, b: Numbers, bAt: number, length: number): number {
  let sum = 0
  for (let i = 0; i < length; i++) sum += a[aAt + i] * b[bAt + i]
  return sum
}

export function attentionKernels({ tensor }: Storage) {
  const kernels = {
    attention(qkv, { rows, context, heads, scale }) {
      const width = qkv.shape[1] / 3
      const size = width / heads
      const all = numbers(qkv)
      const output = tensor([rows * context, width])
      const logSumExp = tensor([rows * context, heads])
      const scores = new Float64Array(context)
      const mixed = new Float64Array(size)
      for (let row = 0; row < rows; row++)
        for (let h = 0; h < heads; h++)
          for (let t = 0; t < context; t++) {
            const n = row * context + t
            const query = n * 3 * width + h * size
            const key = (j: number) => (row * context + j) * 3 * width + width + h * size
            for (let j = 0; j <= t; j++) scores[j] = scale * dot(all, query, all, key(j), size)
            logSumExp.data[n * heads + h] = softmax(scores, t + 1)
            mixed.fill(0)
            for (let j = 0; j <= t; j++) for (let i = 0; i < size; i++) mixed[i] += scores[j] * all[key(j) + width + i]
            output.data.set(mixed, n * width + h * size)
          }
      return { output, logSumExp }
    },

    attentionBackward(dy, qkv, output, logSumExp, { rows, context, heads, scale }) {
      const width = qkv.shape[1] / 3
      const size = width / heads
      const [gradient, all, out, lse] = [dy, qkv, output, logSumExp].map(numbers)
      const sums = new Float64Array(all.length)
      for (let row = 0; row < rows; row++)
        for (let h = 0; h < heads; h++)
          for (let t = 0; t < context; t++) {
            const n = row * context + t
            const query = n * 3 * width + h * size
            const at = n * width + h * size // of this query's output
            const mean = dot(gradient, at, out, at, size) // Σ_j p_j · (dy · v_j)
            for (let j = 0; j <= t; j++) {
              const key = (row * context + j) * 3 * width + width + h * size
              const value = key + width
              const p = Math.exp(scale * dot(all, query, all, key, size) - lse[n * heads + h])
              const dScore = scale * p * (dot(gradient, at, all, value, size) - mean)
              for (let i = 0; i < size; i++) {
                sums[value + i] += p * gradient[at + i]
                sums[query + i] += dScore * all[key + i]
                sums[key + i] += dScore * all[query + i]
              }
            }
          }
      return tensor(qkv.shape, sums)
    },

    cache(rows, capacity, width) {
      const held = tensor([rows, capacity, 2 * width])
      const cache: HeldCache = {
        length: 0,
        capacity,
        held,
        rewind(length) {
          cache.length = Math.min(length, cache.length)
        },
        dispose: () => held.dispose(),
      }
      return cache
    },

    cachedAttention(qkv, cache, { rows, context, heads, scale }) {
      const memory = cache as HeldCache
      if (memory.length + context > memory.capacity) {
        throw new Error(`${memory.length} + ${context} tokens do not fit a cache of ${memory.capacity}`)
      }
      const width = qkv.shape[1] / 3
      const size = width / heads
      const all = numbers(qkv)
      const held = memory.held.data
      const place = (row: number, j: number) => (row * memory.capacity + j) * 2 * width
      const output = tensor([rows * context, width])
      const scores = new Float64Array(memory.length + context)
      const mixed = new Float64Array(size)
      for (let row = 0; row < rows; row++)
        for (let t = 0; t < context; t++) {
          const n = row * context + t
          const last = memory.length + t
          held.set(all.subarray(n * 3 * width + width, (n + 1) * 3 * width), place(row, last))
          for (let h = 0; h < heads; h++) {
            for (let j = 0; j <= last; j++)
              scores[j] = scale * dot(all, n * 3 * width + h * size, held, place(row, j) + h * size, size)
            softmax(scores, last + 1)
            mixed.fill(0)
            for (let j = 0; j <= last; j++)
              for (let i = 0; i < size; i++) mixed[i] += scores[j] * held[place(row, j) + width + h * size + i]
            output.data.set(mixed, n * width + h * size)
          }
        }
      memory.length += context
      return output
    },
  } satisfies Partial<Kernels>
  const slice = (x: Tensor, from: number, count: number) =>
    tensor([count, x.shape[1]], numbers(x).subarray(from * x.shape[1], (from + count) * x.shape[1]))
  function concat(parts: readonly Tensor[]): Tensor {
    const output = tensor([parts.reduce((sum, { shape }) => sum + shape[0], 0), parts[0].shape[1]])
    let at = 0
    for (const part of parts.map(numbers)) {
      output.data.set(part, at)
      at += part.length
    }
    return output
  }
  return { ...kernels, treeAttention: treeAttentionInTurn(kernels, { slice, concat }) }
}
