// One token out of a model's logits: argmax, top-k and top-p sampling with a temperature.
import type { Random } from '#shared/random.ts'
import type { GenerateOptions } from '#shared/run.ts'

export type SampleOptions = Pick<GenerateOptions, 'temperature' | 'topK' | 'topP'>

/**
 * The drawn id. Temperature 0 takes the most likely, the lowest id among equals; top-k is applied before top-p, as
 * transformers does.
 */
export function sampleToken(
  logits: Float32Array,
  { temperature, topK: k, topP }: SampleOptions,
  random: Pick<Random, 'next'>,
): number {
  if (temperature === 0) return argmax(logits)
  let ids = k > 0 && k < logits.length ? topK(logits, k) : everyId(logits)
  let weights = softmaxWeights(logits, ids, temperature)
  let mass = sum(weights)
  if (topP < 1) {
    const wanted = topP * mass
    // Whatever weighs less than this is not needed: all of it together is less than the share left out. The most likely
    // weighs 1.
    const least = Math.min(1, (mass - wanted) / ids.length)
    ids = inOrder(
      logits,
      ids.filter((_, i) => !(weights[i] < least)),
    )
    weights = softmaxWeights(logits, ids, temperature)
    weights = weights.subarray(0, countForMass(weights, wanted))
    mass = sum(weights)
  }
  let left = random.next() * mass
  for (let i = 0; i < weights.length; i++) {
    left -= weights[i]
    if (left < 0) return ids[i]
  }
  return ids[weights.length - 1] // rounding
}

/** The most likely id, the lowest among equals. */
function argmax(logits: Float32Array): number {
  let best = 0
  for (let id = 1; id < logits.length; id++) if (logits[id] > logits[best]) best = id
  return best
}

function everyId(logits: Float32Array): number[] {
  const ids: number[] = []
  for (let id = 0; id < logits.length; id++) ids.push(id)
  return ids
}

/** The most likely first, the lowest id among equals. */
const inOrder = (logits: Float32Array, ids: number[]): number[] => ids.sort((a, b) => logits[b] - logits[a] || a - b)

/** The `count` most likely ids, or all where there are fewer; the most likely first, the lowest id among equals. */
export function topK(logits: Float32Array, count: number): number[] {
  if (count <= fewest) return topFew(logits, count)
  if (count >= logits.length) return inOrder(logits, everyId(logits))
  const least = largestBut(logits, count - 1)
  const ids: number[] = []
  for (let id = 0; id < logits.length; id++) if (!(logits[id] < least)) ids.push(id)
  return inOrder(logits, ids).slice(0, count)
}

/** Up to so many are found faster by inserting into a short list than by partitioning all. */
const fewest = 64

function topFew(logits: Float32Array, count: number): number[] {
  const ids: number[] = []
  let least = -Infinity // of those found
  for (let id = 0; id < logits.length; id++) {
    const logit = logits[id]
    if (ids.length === count && !(logit > least)) continue
    let at = Math.min(ids.length, count - 1)
    for (; at > 0 && logit > logits[ids[at - 1]]; at--) ids[at] = ids[at - 1]
    ids[at] = id
    least = logits[ids[ids.length - 1]]
  }
  return ids
}

/**
 * What stands at place `at` in descending order; Hoare's find, because sorting tens of thousands takes as long as a
 * model that made them.
 */
function largestBut(logits: Float32Array, at: number): number {
  const values = logits.slice()
  let [from, to] = [0, values.length - 1]
  while (from < to) {
    const pivot = values[(from + to) >> 1]
    let [i, j] = [from, to]
    while (i <= j) {
      while (values[i] > pivot) i++
      while (values[j] < pivot) j--
      if (i > j) break
      const value = values[i]
      values[i++] = values[j]
      values[j--] = value
    }
    if (at <= j) to = j
    else if (at >= i) from = i
    else break
  }
  return values[at]
}

function softmaxWeights(logits: Float32Array, ids: readonly number[], temperature: number): Float64Array {
  let largest = -Infinity
  for (const id of ids) largest = Math.max(largest, logits[id])
  const weights = new Float64Array(ids.length)
  for (let i = 0; i < ids.length; i++) weights[i] = Math.exp((logits[ids[i]] - largest) / temperature)
  return weights
}

/** How many of the descending weights make up the wanted mass; never fewer than one. */
function countForMass(weights: Float64Array, wanted: number): number {
  let mass = 0
  for (let i = 0; i < weights.length; i++) {
    mass += weights[i]
    if (mass >= wanted) return i + 1
  }
  return weights.length
}

function sum(weights: Float64Array): number {
  let total = 0
  for (const weight of weights) total += weight
  return total
}
