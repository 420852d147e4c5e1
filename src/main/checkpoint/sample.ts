// One token out of a model's logits: temperature, the likeliest k, the likeliest mass p.
import type { Random } from '#shared/random.ts'
import type { GenerateOptions } from '#shared/runs/run.ts'

export type SampleOptions = Pick<GenerateOptions, 'temperature' | 'topK' | 'topP'>

/** The drawn id. Temperature 0 takes the likeliest, the lowest id among equals; top-k is applied before top-p, as transformers does. */
export function sampleToken(logits: Float32Array, { temperature, topK, topP }: SampleOptions, random: Pick<Random, 'next'>): number {
  if (temperature === 0) return likeliest(logits)
  let ids = Array.from(logits, (_, id) => id)
  const isCut = (topK > 0 && topK < logits.length) || topP < 1
  if (isCut) ids.sort((a, b) => logits[b] - logits[a] || a - b)
  if (topK > 0) ids = ids.slice(0, topK)
  const weights = softmaxWeights(logits, ids, temperature)
  const kept = topP < 1 ? countForMass(weights, topP) : ids.length
  const mass = sum(weights, kept)
  let left = random.next() * mass
  for (let i = 0; i < kept; i++) {
    left -= weights[i]
    if (left < 0) return ids[i]
  }
  return ids[kept - 1] // rounding
}

export function likeliest(logits: Float32Array): number {
  let best = 0
  for (let id = 1; id < logits.length; id++) if (logits[id] > logits[best]) best = id
  return best
}

function softmaxWeights(logits: Float32Array, ids: readonly number[], temperature: number): Float64Array {
  let largest = -Infinity
  for (const id of ids) largest = Math.max(largest, logits[id])
  return Float64Array.from(ids, (id) => Math.exp((logits[id] - largest) / temperature))
}

/** How many of the descending weights make up the share p; never fewer than one. */
function countForMass(weights: Float64Array, topP: number): number {
  const wanted = topP * sum(weights, weights.length)
  let mass = 0
  for (let i = 0; i < weights.length; i++) {
    mass += weights[i]
    if (mass >= wanted) return i + 1
  }
  return weights.length
}

function sum(weights: Float64Array, count: number): number {
  let total = 0
  for (let i = 0; i < count; i++) total += weights[i]
  return total
}
