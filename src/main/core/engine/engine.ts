// The port: what the trainer, the evaluation and the command line may ask of a model on a device. Tensors stay behind
// it.
import type { ActivationPlace } from '#shared/mup/check.ts'
import type { EngineName } from '#shared/engine.ts'
import type { AdamSettings, ModelPlan } from '#shared/family/model.ts'

/** B sequences of T inputs and their next tokens, row-major [rows, columns]. A target below 0 is not scored. */
export interface Batch {
  inputs: Int32Array
  targets: Int32Array
  rows: number
  columns: number
}

/** Weights and optimizer state by parameter name (see listParameters), plus how many updates made them. */
export interface ModelState {
  updates: number
  parameters: Map<string, Float32Array>
  firstMoments: Map<string, Float32Array>
  secondMoments: Map<string, Float32Array>
}

/** How probable the model found one token, for evaluation. */
export interface TokenScore {
  /** log p(target | what came before), nats. */
  logProbability: number
  /** Whether the target was the most likely token. */
  isGreedy: boolean
}

/** A prefix and what may follow it: each text is prefix + inputs, and a target below 0 is not scored. */
export interface PrefixTree {
  prefix: Int32Array
  suffixes: { inputs: Int32Array; targets: Int32Array }[]
}

/** A text being continued; holds keys and values so each further token costs one row. */
export interface Continuation {
  /** Feeds tokens and returns the logits [vocabulary] after the last. */
  feed(tokens: Int32Array): Promise<Float32Array>
  readonly length: number
  dispose(): void
}

export interface Engine {
  readonly name: EngineName
  /** For people: "native, AVX-512, 2 threads". */
  readonly device: string
  /** Memory of the device itself, where that is not the computer's. */
  readonly deviceMemoryBytes?: number | null
  readonly model: ModelPlan
  /**
   * Forward and backward of one micro-batch: adds its gradient, returns its mean loss in nats. `weight` is this
   * micro-batch's share of the step's tokens, so that the gradients of a step add up to the mean's.
   */
  accumulate(batch: Batch, weight: number): Promise<number>
  /**
   * The norm of the gradient of one batch by itself, between two updates; it leaves no trace. Absent where an engine's
   * gradients lie on several computers.
   */
  gradientNorm?(batch: Batch): Promise<number>
  /** Clips by global norm, applies AdamW, clears the gradients; returns the norm before clipping. */
  update(learningRate: number, adam: AdamSettings): Promise<number>
  /** Mean loss in nats, forward only. */
  loss(batch: Batch): Promise<number>
  /** Score of every target, row-major [rows, columns]; forward only. */
  score(batch: Batch): Promise<TokenScore[]>
  /**
   * Score of every target of every suffix, [tree][suffix][token]; what texts share is computed once, over all of a call
   * and from call to call.
   */
  scorePrefixTrees(trees: readonly PrefixTree[]): Promise<TokenScore[][][]>
  /** All logits [rows, columns, vocabulary]; forward only, for small batches. */
  logits(batch: Pick<Batch, 'inputs' | 'rows' | 'columns'>): Promise<Float32Array>
  continuation(): Continuation
  snapshot(): Promise<ModelState>
  restore(state: ModelState): void
  memory(): { currentBytes: number; peakBytes: number }
  dispose(): void
}

/** Numbers at one place of the model, row-major. */
export interface Activation {
  place: ActivationPlace
  /** Counted from 1; null at the ends, which no block owns. */
  block: number | null
  values: Float32Array
}

/** An engine whose insides can be looked at. */
export interface ObservedEngine extends Engine {
  /**
   * All activations of a small batch by the weights as they are, in the order in which they are computed; forward only.
   */
  activations(batch: Pick<Batch, 'inputs' | 'rows' | 'columns'>): Promise<Activation[]>
  /**
   * What each head of one layer (from 0) looks at, for one sequence: weights [heads, columns, columns], each row adding
   * up to 1.
   */
  attention(inputs: Int32Array, layer: number): Promise<Float32Array>
}
