// A seeded order of any number of things that needs no memory: a Feistel network over the index, walked until it falls
// inside.

/** One 32-bit word out of two, well mixed (the finaliser of MurmurHash3 twice). */
function mix(a: number, b: number): number {
  let h = Math.imul(a ^ 0x9e3779b9, 0x85ebca6b) ^ b
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  h ^= h >>> 16
  h = Math.imul(h ^ (h >>> 15), 0x2c1b3c6d)
  h = Math.imul(h ^ (h >>> 12), 0x297a2d39)
  return (h ^ (h >>> 15)) >>> 0
}

const rounds = 6

/**
 * A permutation of 0 … count - 1, another one for each seed and epoch. The network permutes the next power of four
 * (Luby & Rackoff
 * 1988); an image outside goes through again (cycle walking, Black & Rogaway 2002), on average less than four times.
 */
export function createPermutation(count: number, seed: number, epoch: number): (index: number) => number {
  if (count < 2) return () => 0
  const half = Math.max(1, Math.ceil(Math.log2(count) / 2)) // bits
  const mask = 2 ** half - 1
  // A seed may have more than 32 bits.
  const seedWord = mix(seed >>> 0, Math.floor(seed / 2 ** 32) >>> 0)
  const keys = Array.from({ length: rounds }, (_, round) => mix(mix(seedWord, epoch >>> 0), round + 1))
  const once = (index: number): number => {
    let left = Math.floor(index / 2 ** half)
    let right = index % 2 ** half
    for (const key of keys) {
      const next = (left ^ mix(right, key)) & mask
      left = right
      right = next
    }
    return (left >>> 0) * 2 ** half + (right >>> 0)
  }
  return (index) => {
    let image = once(index)
    while (image >= count) image = once(image)
    return image
  }
}
