// Attention: within a batch and its gradients, over cached keys and values, and over texts that begin alike.
import type { AttentionGeometry, Kernels } from '../kernels.ts'
import { checkGeometry, widthOf } from '../shapes.ts'
import { checkContinues, createSplitCache, prefixLength, type SplitCache } from '../split-cache.ts'
import { checkSegments } from '../tree-attention.ts'
import type { Device } from './device.ts'
import { halfAttention, takesHalf } from './half-attention.ts'
import type { Precision } from './half.ts'
import type { CudaMemory, CudaTensor } from './memory.ts'

type CudaCache = SplitCache<CudaTensor>

const rowsATile = 32

/** Threads of a block, the rows it has, and shared memory with `held` of its rows and their weights beside a tile. */
function blockOf(size: number, held: number) {
  const warps = size > 128 ? 1 : 4 // 48 KiB hold a head of 256 with four rows
  const rows = 4 * warps
  return { threads: 32 * warps, rows, bytes: 4 * (rows * (held * size + rowsATile) + rowsATile * (size | 1)) }
}

/** What attention looks at beside a text's own rows. */
interface Before {
  keys: number
  values: number
  held: number
  /** Numbers from one text's held keys to the next one's. */
  stride: number
  /** Device address of [texts, 4] ints; 0 where all texts are alike. */
  segments: number
}
const nothingBefore: Before = { keys: 0, values: 0, held: 0, stride: 0, segments: 0 }

export function attentionKernels(device: Device, memory: CudaMemory, precision: Precision) {
  const { at } = memory
  function attend(
    qkv: number,
    output: number,
    logSumExp: number,
    width: number,
    geometry: AttentionGeometry,
    before = nothingBefore,
  ) {
    const { rows: texts, context, heads, scale } = geometry
    const size = width / heads
    const { threads, rows, bytes } = blockOf(size, 1)
    const { keys, values, segments, held, stride } = before
    const args = [qkv, keys, values, segments, output, logSumExp, context, held, stride, heads, size, scale]
    device.launch('attention', [Math.ceil(context / rows), heads, texts], threads, bytes, ...args)
  }
  return {
    attention(qkv, geometry) {
      const width = widthOf(qkv)
      const [n] = qkv.shape
      checkGeometry(geometry, n, width)
      const from = at(qkv, 'qkv', n, 3 * width)
      const [output, logSumExp] = [memory.empty([n, width]), memory.empty([n, geometry.heads])]
      if (takesHalf(precision, width, geometry)) halfAttention(device, memory).forward(qkv, output, logSumExp, geometry)
      else attend(from, output.address, logSumExp.address, width, geometry)
      return { output, logSumExp }
    },
    attentionBackward(dy, qkv, output, logSumExp, geometry) {
      const width = widthOf(qkv)
      const [n] = qkv.shape
      const { rows: texts, context, heads, scale } = geometry
      checkGeometry(geometry, n, width)
      const [slopes, from] = [at(dy, 'dy', n, width), at(qkv, 'qkv', n, 3 * width)]
      const [out, sums] = [at(output, 'output', n, width), at(logSumExp, 'logSumExp', n, heads)]
      const dqkv = memory.empty([n, 3 * width])
      const size = width / heads
      const { threads, rows, bytes } = blockOf(size, 2)
      memory.borrow(4 * n * heads, (means) => {
        device.launch('attentionMeans', [Math.ceil((n * heads) / 8)], 256, 0, slopes, out, means, size, n * heads)
        if (takesHalf(precision, width, geometry))
          return halfAttention(device, memory).backward(dy, qkv, sums, means, dqkv, geometry)
        const args = [slopes, from, sums, means, dqkv.address, context, heads, size, scale]
        const grid = [Math.ceil(context / rows), heads, texts] as const
        device.launch('attentionBackwardQueries', grid, threads, bytes, ...args)
        device.launch('attentionBackwardKeys', grid, threads, bytes, ...args)
      })
      return dqkv
    },
    cache: (rows, capacity, width): CudaCache =>
      createSplitCache(rows, capacity, [memory.empty([rows, capacity, width]), memory.empty([rows, capacity, width])]),
    cachedAttention(qkv, cache, geometry) {
      const width = widthOf(qkv)
      const [n] = qkv.shape
      const { rows, context } = geometry
      checkGeometry(geometry, n, width)
      const kept = cache as CudaCache
      const { length, capacity } = kept
      checkContinues(kept, geometry)
      const from = at(qkv, 'qkv', n, 3 * width)
      const keys = at(kept.keys, 'keys', rows, capacity, width)
      const values = at(kept.values, 'values', rows, capacity, width)
      const out = memory.empty([n, width])
      const before = { keys, values, held: length, stride: capacity * width, segments: 0 }
      attend(from, out.address, 0, width, geometry, before)
      device.launchEach('appendKeys', n * width, from, keys, values, context, length, capacity, width)
      kept.length += context
      return out
    },
    treeAttention(qkv, segments, shared, { heads, scale }) {
      const width = widthOf(qkv)
      const [n] = qkv.shape
      checkGeometry({ rows: 1, context: n, heads, scale }, n, width)
      const cache = shared as CudaCache | null
      const held = prefixLength(cache)
      checkSegments(segments, n, held)
      const list: number[] = []
      let [first, prefixFirst, prefixCount, longest] = [0, 0, 0, 1]
      for (const { count, isPrefix } of segments) {
        if (isPrefix) [prefixFirst, prefixCount] = [first, count]
        list.push(first, count, prefixFirst, isPrefix ? 0 : prefixCount)
        longest = Math.max(longest, count)
        first += count
      }
      const from = at(qkv, 'qkv', n, 3 * width)
      const [keys, values] = cache ? [cache.keys.address, cache.values.address] : [0, 0]
      const out = memory.empty([n, width])
      memory.borrow(4 * list.length, (listAt) => {
        memory.upload(listAt, Int32Array.from(list))
        const geometry = { rows: segments.length, context: longest, heads, scale }
        attend(from, out.address, 0, width, geometry, { keys, values, held, stride: 0, segments: listAt })
      })
      return out
    },
  } satisfies Partial<Kernels>
}
