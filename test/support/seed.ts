// Chance that can be had again: every random test prints its seed, and ISOFLOP_SEED sets it, for fast-check's too.
import fc from 'fast-check'
import { createRandom, type Random } from '#shared/random.ts'

const set = process.env.ISOFLOP_SEED
export const seed = set === undefined ? Date.now() % 2 ** 31 : Number(set)

if (set !== undefined) fc.configureGlobal({ seed })

/** Of one test; says which seed it has. */
export function seededRandom(): Random {
  console.info(`seed ${seed}; again with ISOFLOP_SEED=${seed}`)
  return createRandom(seed)
}
