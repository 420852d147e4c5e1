// The native attention kernels: within a batch, over cached keys and values, and over texts that begin alike.
import type { Kernels } from '../kernels.ts'
import { checkGeometry, widthOf } from '../shapes.ts'
import { checkContinues, createSplitCache, prefixLength } from '../split-cache.ts'
import { checkSegments } from '../tree-attention.ts'
import { checked, type NativeContext, type NativeMemory } from './memory.ts'
import type { NativeCache } from './next-token.ts'
import { checkedArguments } from './arguments.ts'

export function attentionKernels(context: NativeContext, memory: NativeMemory) {
  const { library, handle } = context
  const { at, several } = checkedArguments(context, memory)
  return {
    attention(qkv, geometry) {
      const width = widthOf(qkv)
      const [n] = qkv.shape
      const { rows, context: T, heads, scale } = geometry
      checkGeometry(geometry, n, width)
      const from = at(qkv, 'qkv', n, 3 * width)
      const [output, logSumExp] = several([n, width], [n, heads])
      checked(
        library.isf_attention(handle, from, output.address, logSumExp.address, rows, T, heads, width, scale),
        output,
        logSumExp,
      )
      return { output, logSumExp }
    },
    attentionBackward(dy, qkv, output, logSumExp, geometry) {
      const width = widthOf(qkv)
      const [n] = qkv.shape
      const { rows, context: T, heads, scale } = geometry
      checkGeometry(geometry, n, width)
      const args = [
        at(dy, 'dy', n, width),
        at(qkv, 'qkv', n, 3 * width),
        at(output, 'output', n, width),
        at(logSumExp, 'logSumExp', n, heads),
      ]
      const dqkv = memory.empty([n, 3 * width])
      checked(library.isf_attention_backward(handle, ...args, dqkv.address, rows, T, heads, width, scale), dqkv)
      return dqkv
    },
    cache: (rows, capacity, width): NativeCache =>
      createSplitCache(rows, capacity, several([rows, capacity, width], [rows, capacity, width])),
    cachedAttention(qkv, cache, geometry) {
      const width = widthOf(qkv)
      const [n] = qkv.shape
      const { rows, context: T, heads, scale } = geometry
      checkGeometry(geometry, n, width)
      const kept = cache as NativeCache
      checkContinues(kept, geometry)
      const args = [
        at(qkv, 'qkv', n, 3 * width),
        at(kept.keys, 'keys', rows, kept.capacity, width),
        at(kept.values, 'values', rows, kept.capacity, width),
      ]
      const out = memory.empty([n, width])
      const sizes = [rows, T, heads, width]
      checked(
        library.isf_cached_attention(handle, ...args, kept.length, kept.capacity, out.address, ...sizes, scale),
        out,
      )
      kept.length += T
      return out
    },

    treeAttention(qkv, segments, shared, { heads, scale }) {
      const width = widthOf(qkv)
      const [n] = qkv.shape
      checkGeometry({ rows: 1, context: n, heads, scale }, n, width)
      const cache = shared as NativeCache | null
      const held = prefixLength(cache)
      const longest = checkSegments(segments, n, held)
      const args = [
        at(qkv, 'qkv', n, 3 * width),
        ...(cache
          ? [at(cache.keys, 'keys', 1, cache.capacity, width), at(cache.values, 'values', 1, cache.capacity, width)]
          : [0, 0]),
      ]
      const list = Int32Array.from(segments.flatMap(({ count, isPrefix }) => [count, Number(isPrefix)]))
      const out = memory.empty([n, width])
      const sizes = [n, heads, width]
      checked(
        library.isf_tree_attention(handle, ...args, held, list, segments.length, longest, out.address, ...sizes, scale),
        out,
      )
      return out
    },
  } satisfies Partial<Kernels>
}
