// What is seen of a model: what it would say next, how its numbers lie, what it looks at, how two differ.
import type { TokenPiece } from './tokenizer/choice.ts'

/** One candidate for the next token; its probability is the model's own, before temperature, top-k and top-p. */
export interface NextToken extends TokenPiece {
  probability: number
}

export interface GeneratedToken extends NextToken {
  /** The most likely tokens at this place, in descending order. */
  candidates: NextToken[]
}

/** How many candidates are shown at each place. */
export const candidatesShown = 10

export interface Generated {
  prompt: TokenPiece[]
  tokens: GeneratedToken[]
  text: string
  /** What would have come next: shown where nothing was to be added. */
  next: NextToken[]
  tokensPerSecond: number
  /** For people: "native, AVX-512, 2 threads". */
  device: string
}

/** Tokens as they come, told while a text is written. */
export interface GeneratedTokens {
  generationId: string
  tokens: GeneratedToken[]
}

/** Numbers of one tensor. */
export interface TensorStats {
  name: string
  shape: number[]
  mean: number
  std: number
  min: number
  max: number
  /** Counts in equal bins from `min` to `max`; numbers that are not finite are in none. */
  histogram: number[]
  /** How many are not finite. */
  broken: number
}

export interface AttentionMaps {
  tokens: TokenPiece[]
  /** Counted from 0. */
  layer: number
  layers: number
  /** One map for each head, row after row: weight of token `column` for the token `row`; 0 for what comes later. */
  heads: number[][]
}

/** Tokens of a text whose attention is shown at most. */
export const attentionTokens = 96

/** How far apart one tensor of two models lies. */
export interface TensorDifference {
  name: string
  shape: number[]
  /** Euclidean norm of the difference. */
  norm: number
  /** The same divided by the first's norm; null where that is 0. */
  relative: number | null
  largest: number
}

export interface Comparison {
  /** Empty where the shapes differ. */
  tensors: TensorDifference[]
  /** Why tensors cannot be held against each other; null where they can. */
  reason: string | null
  /** Of all tensors together. */
  norm: number
  relative: number | null
}
