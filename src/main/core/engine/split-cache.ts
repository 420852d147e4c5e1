// A cache of keys beside one of values, as engines hold it whose kernels take addresses.
import type { AttentionGeometry, KeyValueCache, Tensor } from './kernels.ts'

export interface SplitCache<T extends Tensor> extends KeyValueCache {
  length: number
  readonly rows: number
  readonly capacity: number
  readonly keys: T // [rows, capacity, width]
  readonly values: T
}

export function createSplitCache<T extends Tensor>(
  rows: number,
  capacity: number,
  [keys, values]: readonly T[],
): SplitCache<T> {
  return {
    length: 0,
    rows,
    capacity,
    keys,
    values,
    rewind(length) {
      this.length = Math.min(length, this.length)
    },
    dispose() {
      for (const tensor of [keys, values]) tensor.dispose()
    },
  }
}

/** Whether as many sequences go on as the cache holds, and their tokens fit. */
export function checkContinues(
  cache: { rows: number; capacity: number; length: number },
  { rows, context }: AttentionGeometry,
): void {
  if (cache.rows !== rows) throw new Error(`a cache of ${cache.rows} sequences cannot continue ${rows}`)
  if (cache.length + context > cache.capacity)
    throw new Error(`${cache.length} + ${context} tokens do not fit a cache of ${cache.capacity}`)
}

/** How many tokens of one text are held before those of a tree. */
export function prefixLength(cache: { rows: number; length: number } | null): number {
  if (cache && cache.rows !== 1) throw new Error(`a cache of ${cache.rows} sequences is no prefix of one`)
  return cache?.length ?? 0
}
