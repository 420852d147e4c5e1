// Attention over texts that begin alike, where a device has no kernel for all of them at once.
import type { AttentionGeometry, Kernels, KeyValueCache, Tensor, TreeSegment } from './kernels.ts'

/** What a device lends to the pieces: some rows of a tensor, and tensors one under the other. */
interface Rows {
  slice(x: Tensor, from: number, count: number): Tensor
  concat(parts: readonly Tensor[]): Tensor
}

/** Kernels.treeAttention by cachedAttention, one segment after the other. */
export function treeAttentionInTurn(
  k: Pick<Kernels, 'cache' | 'cachedAttention'>,
  { slice, concat }: Rows,
): Kernels['treeAttention'] {
  return (qkv, segments, shared, { heads, scale }: Pick<AttentionGeometry, 'heads' | 'scale'>) => {
    const held = shared?.length ?? 0
    const longest = checkSegments(segments, qkv.shape[0], held)
    const cache: KeyValueCache = shared ?? k.cache(1, longest, qkv.shape[1] / 3)
    const parts: Tensor[] = []
    let [from, prefix] = [0, 0]
    for (const { count, isPrefix } of segments) {
      cache.rewind(isPrefix ? held : held + prefix)
      if (isPrefix) prefix = count
      if (count === 0) continue
      const part = slice(qkv, from, count)
      parts.push(k.cachedAttention(part, cache, { rows: 1, context: count, heads, scale }))
      part.dispose()
      from += count
    }
    if (shared) shared.rewind(held)
    else cache.dispose()
    const output = concat(parts)
    for (const part of parts) part.dispose()
    return output
  }
}

/** The length of the longest text, with the `held` tokens before all; segments that are not the `n` rows throw. */
export function checkSegments(segments: readonly TreeSegment[], n: number, held: number): number {
  let [rows, prefix, longest] = [0, 0, held]
  for (const { count, isPrefix } of segments) {
    if (!Number.isInteger(count) || count < 0) throw new Error(`a segment cannot have ${count} rows`)
    longest = Math.max(longest, held + count + (isPrefix ? 0 : prefix))
    if (isPrefix) prefix = count
    rows += count
  }
  if (rows !== n) throw new Error(`segments of ${rows} rows in all do not fit ${n}`)
  return longest
}
