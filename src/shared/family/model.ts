// Everything an engine must know to build one GPT: its shape and how its signals, weights and learning rates are
// scaled.
import type { Activation, GptShape, ParameterKind } from './shape.ts'

/** Numbers that standard parametrisation and muP choose differently; the model itself knows only these. */
export interface Parametrisation {
  /** Multiplies the sum of token and position embedding (muP: m_emb; standard: 1). */
  embeddingScale: number
  /** Multiplies QKᵀ (standard: 1/sqrt(head size); muP: 1/head size). */
  attentionScale: number
  /** Multiplies the logits (muP: alpha_output / m; standard: 1). */
  outputScale: number
  /** Standard deviation at the start, by kind of parameter; norms start at 1 and 0, biases at 0. */
  initStd: Record<'embedding' | 'position' | 'matrix' | 'residual', number>
  /** Multiplies the scheduled learning rate, by kind of parameter (standard: all 1). */
  learningRateScale: Record<ParameterKind, number>
}

export interface ModelPlan {
  shape: GptShape
  activation: Activation
  parametrisation: Parametrisation
  /** Seeds the initial weights. */
  seed: number
}

/**
 * AdamW as PyTorch defines it (Loshchilov & Hutter 2019): decoupled decay, bias-corrected moments, epsilon added after
 * the root.
 */
export interface AdamSettings {
  beta1: number
  beta2: number
  epsilon: number
  weightDecay: number
  /** Largest global gradient norm; gradients above it are scaled down. */
  clipNorm: number
}
