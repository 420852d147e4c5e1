// The merges of a byte-level BPE applied to one word: always the earliest learned pair, from the left.
import { createHeap } from './heap.ts'

/** Which pairs merge, in which order and to what. */
export interface Merges {
  /** Rank of a pair of ids; -1 where it does not merge. */
  rank(left: number, right: number): number
  /** Id that the pair of a rank becomes. */
  merged: Int32Array
}

/** `pairs` [left, right, left, right, …] in the order of learning. */
export function createMerges(pairs: Int32Array, merged: Int32Array): Merges {
  const count = merged.length
  // Open addressing at most half full; a map of numbers is three times as slow here.
  const capacity = 2 ** Math.ceil(Math.log2(Math.max(2, count * 2)))
  const mask = capacity - 1
  const slots = new Int32Array(capacity * 3).fill(-1)
  const slotOf = (left: number, right: number) =>
    (Math.imul(left, 0x9e3779b1) ^ Math.imul(right, 0x85ebca6b) ^ (Math.imul(left + right, 0xc2b2ae35) >>> 15)) & mask
  for (let rank = 0; rank < count; rank++) {
    const [left, right] = [pairs[2 * rank]!, pairs[2 * rank + 1]!]
    let slot = slotOf(left, right)
    while (slots[slot * 3] !== -1) slot = (slot + 1) & mask
    slots.set([left, right, rank], slot * 3)
  }
  return {
    merged,
    rank(left, right) {
      for (let slot = slotOf(left, right); ; slot = (slot + 1) & mask) {
        const found = slots[slot * 3]
        if (found === left && slots[slot * 3 + 1] === right) return slots[slot * 3 + 2]!
        if (found === -1) return -1
      }
    },
  }
}

/** Above this many bytes a heap is quicker than looking for the lowest rank again and again. */
const longWord = 64

/** Merges `ids` in place as far as they go; returns how many are left. */
export function mergeWord(ids: Int32Array, length: number, merges: Merges): number {
  return length > longWord ? mergeLongWord(ids, length, merges) : mergeShortWord(ids, length, merges)
}

const ranks = new Int32Array(longWord)

function mergeShortWord(ids: Int32Array, length: number, { rank, merged }: Merges): number {
  for (let at = 0; at + 1 < length; at++) ranks[at] = rank(ids[at]!, ids[at + 1]!)
  for (;;) {
    let best = -1
    let bestRank = 0x7fffffff
    for (let at = 0; at + 1 < length; at++) {
      const here = ranks[at]!
      if (here >= 0 && here < bestRank) {
        bestRank = here
        best = at
      }
    }
    if (best < 0) return length
    ids[best] = merged[bestRank]!
    length--
    for (let at = best + 1; at < length; at++) {
      ids[at] = ids[at + 1]!
      ranks[at] = ranks[at + 1]!
    }
    if (best > 0) ranks[best - 1] = rank(ids[best - 1]!, ids[best]!)
    if (best + 1 < length) ranks[best] = rank(ids[best]!, ids[best + 1]!)
  }
}

/**
 * The same in n log n, with a linked list and a heap of (rank, place): a megabyte without a blank takes a second, not a
 * day.
 */
function mergeLongWord(ids: Int32Array, length: number, { rank, merged }: Merges): number {
  const next = Int32Array.from({ length }, (_, at) => at + 1)
  const previous = Int32Array.from({ length }, (_, at) => at - 1)
  const heap = createHeap<number>((a, b) => a < b)
  const offer = (at: number) => {
    if (at < 0 || next[at]! >= length) return
    const here = rank(ids[at]!, ids[next[at]!]!)
    if (here >= 0) heap.push(here * 2 ** 31 + at)
  }
  for (let at = 0; at + 1 < length; at++) offer(at)
  for (let key = heap.pop(); key !== undefined; key = heap.pop()) {
    const at = key % 2 ** 31
    const here = Math.floor(key / 2 ** 31)
    const right = next[at]!
    // An entry may be about a pair that is no more.
    if (ids[at] === -1 || right >= length || rank(ids[at]!, ids[right]!) !== here) continue
    ids[at] = merged[here]!
    ids[right] = -1
    next[at] = next[right]!
    if (next[right]! < length) previous[next[right]!] = at
    offer(at)
    offer(previous[at]!)
  }
  let left = 0
  for (let at = 0; at < length; at = next[at]!) ids[left++] = ids[at]!
  return left
}
