// Chance that can be repeated: the same seed gives the same numbers on every machine.

/** A stream of random numbers whose whole state is four 32-bit words, so that it can be stored and continued. */
export interface Random {
  /** Uniform in [0, 1). */
  next(): number
  /** Uniform integer in [0, below). */
  integer(below: number): number
  /** Standard normal (Box-Muller, one of the pair). */
  normal(): number
  state(): [number, number, number, number]
}

/** Spreads a seed over 32-bit words (splitmix32). */
function splitSeed(seed: number): () => number {
  let z = seed >>> 0
  return () => {
    z = (z + 0x9e3779b9) >>> 0
    let t = z ^ (z >>> 16)
    t = Math.imul(t, 0x21f0aaad)
    t ^= t >>> 15
    t = Math.imul(t, 0x735a2d97)
    return (t ^ (t >>> 15)) >>> 0
  }
}

/** xoshiro128** 1.1 (Blackman & Vigna 2018) from a seed, or from a stored state. */
export function createRandom(seed: number | [number, number, number, number]): Random {
  const words = typeof seed === 'number' ? splitSeed(seed) : null
  let [a, b, c, d] = Array.isArray(seed) ? seed : [words!(), words!(), words!(), words!()]
  const rotate = (x: number, k: number) => (x << k) | (x >>> (32 - k))
  const word = (): number => {
    const result = Math.imul(rotate(Math.imul(b, 5), 7), 9) >>> 0
    const t = b << 9
    c ^= a
    d ^= b
    b ^= c
    a ^= d
    c ^= t
    d = rotate(d, 11)
    return result
  }
  const next = () => word() / 4294967296
  return {
    next,
    integer: (below) => Math.floor(next() * below),
    normal: () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next()),
    state: () => [a >>> 0, b >>> 0, c >>> 0, d >>> 0],
  }
}
