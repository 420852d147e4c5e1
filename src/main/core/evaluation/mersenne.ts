// Python's random.Random, as far as lm-evaluation-harness draws from it: the same seed gives the same draws.

const size = 624
const offset = 397

export interface PythonRandom {
  /** random.random(): uniform in [0, 1), 53 bits. */
  next(): number
  /** random.sample(range(population), count): distinct places, in the order of drawing. */
  sample(population: number, count: number): number[]
}

/** MT19937 (Matsumoto & Nishimura 1998), seeded by an array of one 32-bit word as Python seeds a small integer. */
export function createPythonRandom(seed: number): PythonRandom {
  const state = seeded(seed)
  let at = size

  const word = (): number => {
    if (at === size) {
      twist(state)
      at = 0
    }
    let y = state[at++]
    y ^= y >>> 11
    y ^= (y << 7) & 0x9d2c5680
    y ^= (y << 15) & 0xefc60000
    return (y ^ (y >>> 18)) >>> 0
  }
  /** Uniform in [0, below), by rejection. */
  const integer = (below: number): number => {
    const bits = 32 - Math.clz32(below)
    for (;;) {
      const drawn = word() >>> (32 - bits)
      if (drawn < below) return drawn
    }
  }
  return {
    next() {
      const high = word() >>> 5
      return (high * 67108864 + (word() >>> 6)) / 9007199254740992
    },
    sample(population, count) {
      if (count > population) throw new Error(`${count} cannot be drawn from ${population}`)
      // Python keeps a list of what is left where that is smaller than a set of what is taken; both give other draws.
      const setSize = 21 + (count > 5 ? 4 ** Math.ceil(Math.log(count * 3) / Math.log(4)) : 0)
      if (population <= setSize) {
        const left = Array.from({ length: population }, (_, i) => i)
        return Array.from({ length: count }, (_, i) => {
          const j = integer(population - i)
          const drawn = left[j]
          left[j] = left[population - i - 1]
          return drawn
        })
      }
      const taken = new Set<number>()
      while (taken.size < count) taken.add(integer(population))
      return [...taken]
    },
  }
}

/** init_by_array([seed]). */
function seeded(seed: number): Uint32Array {
  const state = new Uint32Array(size)
  state[0] = 19650218
  for (let i = 1; i < size; i++) state[i] = Math.imul(1812433253, state[i - 1] ^ (state[i - 1] >>> 30)) + i
  let i = 1
  for (let k = 0; k < size; k++) {
    state[i] = (state[i] ^ Math.imul(state[i - 1] ^ (state[i - 1] >>> 30), 1664525)) + seed
    if (++i >= size) {
      state[0] = state[size - 1]
      i = 1
    }
  }
  for (let k = 0; k < size - 1; k++) {
    state[i] = (state[i] ^ Math.imul(state[i - 1] ^ (state[i - 1] >>> 30), 1566083941)) - i
    if (++i >= size) {
      state[0] = state[size - 1]
      i = 1
    }
  }
  state[0] = 0x80000000
  return state
}

function twist(state: Uint32Array): void {
  for (let i = 0; i < size; i++) {
    const y = (state[i] & 0x80000000) | (state[(i + 1) % size] & 0x7fffffff)
    state[i] = state[(i + offset) % size] ^ (y >>> 1) ^ (y & 1 ? 0x9908b0df : 0)
  }
}
