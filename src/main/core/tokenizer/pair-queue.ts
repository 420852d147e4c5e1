// Which pair of neighbours is the most frequent, kept up to date while pairs merge.
import { createHeap } from './heap.ts'

export interface Words {
  /** Ids of all words; merged away places are -1. */
  ids: Int32Array
  /** Where each word begins, and after the last where they end. */
  starts: Int32Array
  counts: Float64Array
}

export interface Pair {
  left: number
  right: number
}

export interface PairQueue {
  /** The most frequent pair, of equals the one with the lowest ids; null when there is none. */
  next(): Pair | null
  /** Writes `id` wherever the pair stands. */
  merge(pair: Pair, id: number): void
}

interface Entry {
  count: number
  pair: number
}

const ids = 2 ** 16
const keyOf = (left: number, right: number): number => left * ids + right

const isBefore = (a: Entry, b: Entry): boolean => a.count > b.count || (a.count === b.count && a.pair < b.pair)

export function createPairQueue(words: Words): PairQueue {
  const counts = new Map<number, number>()
  /** Words a pair was ever in; some are in it no more. */
  const places = new Map<number, number[]>()
  const lengths = new Int32Array(words.counts.length)
  for (let word = 0; word < lengths.length; word++) {
    const from = words.starts[word]!
    lengths[word] = words.starts[word + 1]! - from
    for (let at = from; at + 1 < from + lengths[word]!; at++)
      note(keyOf(words.ids[at]!, words.ids[at + 1]!), words.counts[word]!, word)
  }
  const heap = createHeap(isBefore)
  for (const [pair, count] of counts) heap.push({ count, pair })

  function note(pair: number, count: number, word: number): void {
    counts.set(pair, (counts.get(pair) ?? 0) + count)
    const here = places.get(pair)
    if (!here) places.set(pair, [word])
    else if (here[here.length - 1] !== word) here.push(word)
  }

  return {
    next() {
      for (let entry = heap.pop(); entry; entry = heap.pop()) {
        const count = counts.get(entry.pair) ?? 0
        if (count <= 0) continue
        // The count may have fallen since; then the entry takes its new place.
        if (count !== entry.count) heap.push({ count, pair: entry.pair })
        else return { left: Math.floor(entry.pair / ids), right: entry.pair % ids }
      }
      return null
    },
    merge({ left, right }, id) {
      const merged = keyOf(left, right)
      const touched = new Set<number>()
      for (const word of places.get(merged) ?? []) mergeIn(word)
      counts.delete(merged)
      places.delete(merged)
      for (const pair of touched) {
        const count = counts.get(pair) ?? 0
        if (count > 0) heap.push({ count, pair })
      }

      function mergeIn(word: number): void {
        const from = words.starts[word]!
        const length = lengths[word]!
        const count = words.counts[word]!
        let to = 0 // places written so far
        for (let at = 0; at < length; at++) {
          const here = words.ids[from + at]!
          if (here !== left || at + 1 >= length || words.ids[from + at + 1] !== right) {
            words.ids[from + to++] = here
            continue
          }
          if (to > 0) {
            const before = words.ids[from + to - 1]!
            lose(keyOf(before, left), count)
            gain(keyOf(before, id), count, word)
          }
          if (at + 2 < length) {
            const after = words.ids[from + at + 2]!
            lose(keyOf(right, after), count)
            // Where the same pair follows at once, its own turn takes this back.
            gain(keyOf(id, after), count, word)
          }
          words.ids[from + to++] = id
          at++
        }
        lengths[word] = to
      }

      function lose(pair: number, count: number): void {
        if (pair !== merged) counts.set(pair, (counts.get(pair) ?? 0) - count)
      }

      function gain(pair: number, count: number, word: number): void {
        note(pair, count, word)
        touched.add(pair)
      }
    },
  }
}
