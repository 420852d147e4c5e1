// The port's attention on a graphics card.
import { checkSegments } from '../tree-attention.ts'
import type { AttentionGeometry, Kernels, KeyValueCache, TreeSegment } from '../kernels.ts'
import { widthOf } from '../shapes.ts'
import { checkContinues } from '../split-cache.ts'
import { mostADimension, type GpuContext } from './context.ts'
import { tensorOf, type GpuIds, type GpuTensor } from './memory.ts'
import { attention } from './shaders/attention.ts'
import { attentionBackwardKeys, attentionBackwardQueries, attentionDelta } from './shaders/attention-backward.ts'
import { attentionTile } from './shaders/attention-tile.ts'
import { appendToCache, contextAttention } from './shaders/context-attention.ts'

class GpuCache implements KeyValueCache {
  length = 0
  constructor(
    readonly rows: number,
    readonly capacity: number,
    readonly tensor: GpuTensor, // [rows · capacity, 2 width]: keys, values
  ) {}
  rewind(length: number): void {
    if (!(length >= 0 && length <= this.length))
      throw new Error(`a cache of ${this.length} cannot go back to ${length}`)
    this.length = length
  }
  dispose(): void {
    this.tensor.dispose()
  }
}

export function attentionKernels({ device, memory, numbers }: GpuContext) {
  /** The table of the last batch of texts: every layer asks for the same one. */
  let last: { segments: readonly TreeSegment[]; held: number; table: GpuIds } | null = null

  function tableOf(segments: readonly TreeSegment[], held: number): GpuIds {
    if (last?.segments === segments && last.held === held) return last.table
    last?.table.dispose()
    const table: number[] = []
    let [row, prefix] = [0, [0, 0]]
    for (const { count, isPrefix } of segments) {
      const seen = isPrefix ? [0, 0] : prefix
      for (let i = 0; i < count; i++) table.push(held, ...seen, row)
      if (isPrefix) prefix = [row, row + count]
      row += count
    }
    last = { segments, held, table: memory.ids(Int32Array.from(table)) }
    return last.table
  }

  const own = (tensor: Parameters<typeof tensorOf>[0], shape?: readonly number[]) => tensorOf(tensor, memory, shape)

  return {
    attention(qkv, { rows, context, heads, scale }: AttentionGeometry) {
      const input = own(qkv)
      const width = widthOf(input)
      const size = width / heads
      const { queries, keys } = attentionTile(size, device.facts.workgroupBytes)
      const [output, logSumExp] = [memory.empty([rows * context, width]), memory.empty([rows * context, heads])]
      device.dispatch(
        attention(size, queries, keys),
        [Math.ceil(context / queries), heads, rows],
        { context, heads, scale },
        [output.range, logSumExp.range, input.range],
        2 * rows * context * context * width,
      )
      return { output, logSumExp }
    },

    attentionBackward(dy, qkv, output, logSumExp, { rows, context, heads, scale }: AttentionGeometry) {
      const [input, slope] = [own(qkv), own(dy)]
      const width = widthOf(input)
      const size = width / heads
      const { queries, keys } = attentionTile(size, device.facts.workgroupBytes)
      const delta = memory.empty([rows * context, heads])
      numbers(attentionDelta, delta.count, { size }, [delta.range, slope.range, own(output).range])
      const dqkv = memory.empty(input.shape)
      const buffers = [dqkv.range, slope.range, input.range, own(logSumExp).range, delta.range]
      const work = 4 * rows * context * context * width
      device.dispatch(
        attentionBackwardQueries(size, queries, keys),
        [Math.ceil(context / queries), heads, rows],
        { context, heads, scale },
        buffers,
        work,
      )
      device.dispatch(
        attentionBackwardKeys(size, queries, keys),
        [Math.ceil(context / keys), heads, rows],
        { context, heads, scale },
        buffers,
        work,
      )
      delta.dispose()
      return dqkv
    },

    cache: (rows, capacity, width) => new GpuCache(rows, capacity, memory.empty([rows * capacity, 2 * width])),

    cachedAttention(qkv, cache, { rows, context, heads, scale }) {
      const [input, kept] = [own(qkv), cacheOf(cache)]
      const width = widthOf(input)
      checkContinues(kept, { rows, context, heads, scale })
      const place = { fresh: context, capacity: kept.capacity, held: kept.length }
      numbers(appendToCache, 2 * width * rows * context, { width, ...place }, [kept.tensor.range, input.range])
      const output = memory.empty([rows * context, width])
      device.dispatch(
        contextAttention(width / heads, false, true),
        eachRow(rows * context, heads),
        { rows: rows * context, heads, scale, ...place },
        [output.range, input.range, kept.tensor.range],
        4 * rows * context * (kept.length + context) * width,
      )
      kept.length += context
      return output
    },

    treeAttention(qkv, segments, shared, { heads, scale }) {
      const input = own(qkv)
      const width = widthOf(input)
      const held = shared?.length ?? 0
      const longest = checkSegments(segments, input.shape[0], held)
      const output = memory.empty([input.shape[0], width])
      device.dispatch(
        contextAttention(width / heads, true, held > 0),
        eachRow(input.shape[0], heads),
        { rows: input.shape[0], heads, scale, fresh: 1, capacity: 1, held },
        [
          output.range,
          input.range,
          ...(held > 0 ? [cacheOf(shared!).tensor.range] : []),
          tableOf(segments, held).range,
        ],
        4 * input.shape[0] * longest * width,
      )
      return output
    },
  } satisfies Partial<Kernels>
}

/** Workgroups for every row and head. */
const eachRow = (rows: number, heads: number): [number, number, number] => [
  Math.min(rows, mostADimension),
  heads,
  Math.ceil(rows / mostADimension),
]

function cacheOf(cache: KeyValueCache): GpuCache {
  if (!(cache instanceof GpuCache)) throw new Error('this cache belongs to other kernels')
  return cache
}
