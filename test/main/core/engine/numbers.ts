// Small random arrays for engine tests, and how far apart two arrays are.
import { createRandom } from '#shared/random.ts'

export interface Dice {
  /** Normal numbers of a given spread. */
  normals(length: number, std?: number): Float32Array
  /** Whole numbers in [low, high). */
  integers(length: number, low: number, high: number): Int32Array
}

export function createDice(seed: number): Dice {
  const random = createRandom(seed)
  return {
    normals: (length, std = 1) => Float32Array.from({ length }, () => std * random.normal()),
    integers: (length, low, high) => Int32Array.from({ length }, () => low + random.integer(high - low)),
  }
}

/** The largest difference as a share of the largest number expected; NaN anywhere counts as infinitely far. */
export function distance(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (actual.length !== expected.length) return Infinity
  let largest = 1e-30
  let difference = 0
  for (let i = 0; i < expected.length; i++) {
    largest = Math.max(largest, Math.abs(expected[i]))
    const apart = Math.abs(actual[i] - expected[i])
    difference = apart <= difference ? difference : Number.isNaN(apart) ? Infinity : apart
  }
  return difference / largest
}
