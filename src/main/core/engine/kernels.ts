// What a device must do: the dozen-odd kernels out of which gpt.ts builds a GPT's forward and backward pass. A device
// implements these and nothing else. Every device passes test/main/core/engine/kernels-suite.ts against the reference.
//
// Shapes: B sequences of T tokens make N = B·T rows; d width, h heads, V vocabulary. All floats are fp32, row-major.
// Ownership: every returned tensor belongs to the caller, who disposes it; inputs are never disposed or changed, except
// where a name says `into` (it is added to) or a comment says so. Backward kernels ADD into the gradient tensors they
// are given.
import type { ModelPlan } from '#shared/family/model.ts'
import type { Activation } from '#shared/family/shape.ts'
import type { Passes, QueuePass } from './passes.ts'
import type { Ids, Tensor } from './tensor.ts'

export type { Ids, Tensor }

export interface Norm {
  gain: Tensor
  bias: Tensor
}
export interface Linear {
  weight: Tensor
  bias: Tensor
}

/** The twelve tensors of a block; its gradients have the same form. */
export interface BlockWeights {
  norm1: Norm
  attention: Linear // [d, 3d]
  projection: Linear // [d, d]
  norm2: Norm
  expand: Linear // [d, 4d]
  contract: Linear // [4d, d]
}

/** All tensors of a model by the place where they act. The head is `tokens` again. */
export interface ModelWeights {
  tokens: Tensor // [V, d]
  positions: Tensor // [context, d]
  blocks: BlockWeights[]
  final: Norm
}

export interface AttentionGeometry {
  /** B, sequences side by side. */
  rows: number
  /** T, tokens per sequence. */
  context: number
  heads: number
  /** Multiplies QKᵀ before the softmax. */
  scale: number
}

/** One trainable tensor with what the optimizer keeps beside it; all four have the same shape. */
export interface Parameter {
  readonly name: string
  readonly value: Tensor
  readonly gradient: Tensor
  readonly firstMoment: Tensor
  readonly secondMoment: Tensor
  readonly decays: boolean
  readonly learningRateScale: number
}

export interface AdamStep {
  /** Scheduled learning rate of this step, before each parameter's own scale. */
  learningRate: number
  beta1: number
  beta2: number
  epsilon: number
  weightDecay: number
  /** 1 for the first update; corrects the moments' bias. */
  update: number
  /** Multiplies every gradient first: clipping and the mean over micro-batches. */
  gradientScale: number
}

/** A run of rows of one text: a prefix that several texts share, or what one of them adds to it. */
export interface TreeSegment {
  /** Tokens; 0 for a prefix that has none of its own. */
  count: number
  isPrefix: boolean
}

/** Keys and values of one layer for tokens already seen, so that generating one more token costs one row. */
export interface KeyValueCache {
  /** Tokens held, the same for every row. */
  readonly length: number
  /** Forgets all tokens after the first `length`, so that another text can follow these. */
  rewind(length: number): void
  dispose(): void
}

export interface Kernels {
  /** For people: "native, AVX-512, 2 threads". */
  readonly device: string
  /** Memory of the device itself, where that is not the computer's. */
  readonly deviceMemoryBytes?: number | null

  // ---- memory
  /** A new tensor holding a copy of `data`, or zeros. */
  tensor(shape: readonly number[], data?: Float32Array): Tensor
  /** Zeros for tensors that the optimizer walks through together; a device may lay them side by side. */
  together?(shapes: readonly (readonly number[])[]): Tensor[]
  ids(data: Int32Array): Ids
  /** A copy of the numbers, row-major. */
  read(tensor: Tensor): Promise<Float32Array>
  /** Overwrites a tensor. */
  write(into: Tensor, data: Float32Array): void
  /** Sets every element. */
  fill(into: Tensor, value: number): void
  /** into += scale · from. */
  axpy(into: Tensor, scale: number, from: Tensor): void
  /** Bytes held now, and the most held since the kernels were created. */
  memory(): { currentBytes: number; peakBytes: number }

  /** out[m] = x[rows[m]]: x [N, d] → [M, d]. */
  gatherRows(x: Tensor, rows: Ids): Tensor

  // ---- embedding: x[n] = scale · (tokens[ids[n]] + positions[places[n]])
  /** ids [N], tokens [V, d], positions [., d] → [N, d]; a number T as `places` stands for n mod T. */
  embedding(ids: Ids, tokens: Tensor, positions: Tensor, places: number | Ids, scale: number): Tensor
  embeddingBackward(
    dx: Tensor,
    ids: Ids,
    context: number,
    scale: number,
    intoTokens: Tensor,
    intoPositions: Tensor,
  ): void

  // ---- layer norm over the last axis, epsilon 1e-5
  /** x [N, d], gain [d], bias [d] → output [N, d] and each row's mean and 1/std, [N]. */
  layerNorm(x: Tensor, gain: Tensor, bias: Tensor): { output: Tensor; mean: Tensor; rstd: Tensor }
  /** The output of layerNorm once more. A device may leave it out; where one has it, outputs are not kept. */
  layerNormAgain?(x: Tensor, gain: Tensor, bias: Tensor, mean: Tensor, rstd: Tensor): Tensor
  /** → dx [N, d]; with `residual` [N, d], dx + residual in the same pass. */
  layerNormBackward(
    dy: Tensor,
    x: Tensor,
    gain: Tensor,
    mean: Tensor,
    rstd: Tensor,
    intoGain: Tensor,
    intoBias: Tensor,
    residual?: Tensor,
  ): Tensor

  // ---- linear, weight [in, out] as Hugging Face's Conv1D keeps it
  /** x [N, in] · weight + bias → [N, out]; with `residual` [N, out], residual + x·weight + bias. */
  linear(x: Tensor, weight: Tensor, bias: Tensor, residual?: Tensor): Tensor
  /** before = x·weight + bias, after = gelu(before). */
  linearGelu(x: Tensor, weight: Tensor, bias: Tensor, form: Activation): { before: Tensor; after: Tensor }
  /** → dx [N, in]; adds xᵀ·dy and the column sums of dy into the gradients. */
  linearBackward(dy: Tensor, x: Tensor, weight: Tensor, intoWeight: Tensor, intoBias: Tensor): Tensor
  /** dy ⊙ gelu'(before). */
  geluBackward(dy: Tensor, before: Tensor, form: Activation): Tensor
  /**
   * linearBackward of what follows a GELU, and geluBackward, in one: dy [N, out], before [N, in] → the gradient of
   * `before`. A device may leave it out; one that has it makes gelu(before) again, so that nobody need keep it.
   */
  linearGeluBackward?(
    dy: Tensor,
    before: Tensor,
    weight: Tensor,
    intoWeight: Tensor,
    intoBias: Tensor,
    form: Activation,
  ): Tensor

  // ---- causal self-attention
  /**
   * qkv [N, 3d] (Q, K, V side by side, heads contiguous inside each) → output [N, d], logSumExp [N, h] of the scaled
   * scores.
   */
  attention(qkv: Tensor, geometry: AttentionGeometry): { output: Tensor; logSumExp: Tensor }
  /** → dqkv [N, 3d]. */
  attentionBackward(dy: Tensor, qkv: Tensor, output: Tensor, logSumExp: Tensor, geometry: AttentionGeometry): Tensor
  /** An empty cache for `rows` sequences of up to `capacity` tokens. */
  cache(rows: number, capacity: number, width: number): KeyValueCache
  /**
   * Appends the keys and values of `qkv` [rows·T, 3d] to the cache and attends to all it holds: causal among the new
   * ones. → [rows·T, d]
   */
  cachedAttention(qkv: Tensor, cache: KeyValueCache, geometry: AttentionGeometry): Tensor
  /**
   * Attention over texts that begin alike: qkv [N, 3d] holds segments in turn. A prefix goes on from what `shared`
   * holds, a suffix from the prefix before it; `shared` stays as it is. → [N, d]
   */
  treeAttention(
    qkv: Tensor,
    segments: readonly TreeSegment[],
    shared: KeyValueCache | null,
    geometry: Pick<AttentionGeometry, 'heads' | 'scale'>,
  ): Tensor

  // ---- a whole model
  /**
   * One text, a token at a time: an id whose keys and values are appended to the caches, one a block and all of one
   * length → the logits [V] of the token after it. A device may leave it out; then the kernels do it one after the
   * other.
   */
  nextToken?(weights: ModelWeights, model: ModelPlan, caches: readonly KeyValueCache[]): (id: number) => Float32Array

  /** Passes that run again what was queued before, kept until they are disposed. A device may leave it out. */
  passes?(queue: QueuePass): Passes

  // ---- tied head and loss
  /** scale · x·tokensᵀ: x [N, d], tokens [V, d] → logits [N, V]. */
  head(x: Tensor, tokens: Tensor, scale: number): Tensor
  /** → dx [N, d]; adds scale · dLogitsᵀ·x into the token embedding's gradient. */
  headBackward(dLogits: Tensor, x: Tensor, tokens: Tensor, scale: number, intoTokens: Tensor): Tensor
  /**
   * −log softmax(logits)[n, targets[n]] in nats → losses [N]; a target below 0 is ignored (loss 0, gradient 0). With
   * `gradientScale`, `logits` is OVERWRITTEN by gradientScale · (softmax − one-hot), their gradient.
   */
  crossEntropy(logits: Tensor, targets: Ids, gradientScale?: number): Tensor
  /**
   * Head and cross entropy of x [N, d] in one, so that a device need not hold all logits: losses [N] and, where a
   * gradient is wanted, dx [N, d]; adds into the token embedding's gradient. A device may leave it out.
   */
  headLoss?(
    x: Tensor,
    tokens: Tensor,
    scale: number,
    targets: Ids,
    training?: { gradientScale: number; intoTokens: Tensor },
  ): { losses: Tensor; dx?: Tensor }
  /** The index of the largest of each row, the first of equals: [N, V] → [N]. */
  argmax(x: Tensor): Promise<Int32Array>

  // ---- optimizer
  /** sqrt of the sum of squares over all gradients. */
  globalNorm(parameters: readonly Parameter[]): Promise<number>
  /**
   * One AdamW update of every parameter, PyTorch's form: w −= lr·wd·w; w −= lr · m̂ / (sqrt(v̂) + eps). Leaves
   * gradients at zero.
   */
  adamW(parameters: readonly Parameter[], step: AdamStep): void

  /** Gives back everything the device holds. */
  dispose(): void
}
