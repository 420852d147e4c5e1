// How the members of a family are trained: one record of choices, the same for every member, from which each plan is
// derived.
import type { Precision } from '../engine.ts'
import type { Activation } from './shape.ts'

/**
 * `wsd` holds the peak, then decays over the last fifth; `wsd-s` does so at 0.5, 1 and 2 times the tokens, going on at
 * the peak between.
 */
export type Decay = 'linear' | 'cosine' | 'wsd' | 'wsd-s' | 'constant'
/** What the 20 tokens per parameter multiply. */
export type ParameterCount = 'all' | 'without-embeddings' | 'blocks-and-head'
/** How training FLOPs are counted; named on every axis. */
export type FlopsConvention = 'cerebras' | 'hoffmann' | 'sixNd' | 'palm'

export interface Recipe {
  /** 20 is the compute-optimal rule of Hoffmann et al. 2022, which Cerebras-GPT follows. */
  tokensPerParameter: number
  countedParameters: ParameterCount
  flopsConvention: FlopsConvention
  activation: Activation
  parametrisation: 'standard' | 'mup'
  /** muP only: the width at which the hyper-parameters were tuned. */
  mupBaseWidth: number
  /** muP only: multiplies the embeddings' sum, m_emb; 10 unless said. */
  mupEmbeddingScale?: number
  /** muP only: multiplies the logits before the division by the width multiplier, alpha_output; 1 unless said. */
  mupOutputScale?: number
  /** Tokens per sequence. */
  context: number
  /** Tokens per step; null lets a rule choose by member: that of `batchTokensLaw`, or the lab's own. */
  batchTokens: number | null
  /** null lets a rule choose: that of `peakLearningRateLaw`, or the lab's own by width. */
  peakLearningRate: number | null
  /** As sweeps found them (power-rule.ts). */
  batchTokensLaw?: string
  peakLearningRateLaw?: string
  /** Share of all tokens spent warming up linearly from 0. */
  warmupFraction: number
  decay: Decay
  /** The decay ends at this share of the peak. */
  finalFraction: number
  beta1: number
  beta2: number
  epsilon: number
  weightDecay: number
  clipNorm: number
  /** Of embeddings and inner matrices, by width where it is null; residual matrices start at this / sqrt(2 L). */
  initStd: number | null
  seed: number
  /** Of the products; fp32 unless said. Its losses are not those of fp32, so laws do not mix the two. */
  precision?: Precision
}

/** Cerebras-GPT's recipe, with the batch and the warmup scaled to models that a desktop computer trains. */
export const defaultRecipe: Recipe = {
  tokensPerParameter: 20,
  countedParameters: 'all',
  flopsConvention: 'sixNd',
  activation: 'gelu',
  parametrisation: 'standard',
  mupBaseWidth: 256,
  context: 128,
  batchTokens: null,
  peakLearningRate: null,
  warmupFraction: 0.05,
  decay: 'linear',
  finalFraction: 0.1,
  beta1: 0.9,
  beta2: 0.95,
  epsilon: 1e-8,
  weightDecay: 0.1,
  clipNorm: 1,
  initStd: null,
  seed: 0,
}
