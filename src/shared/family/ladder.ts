// A ladder: the members of a family, as a person shapes them, and what each will cost before anything runs.
import type { GptShape } from './shape.ts'
import type { FlopsConvention } from './recipe.ts'

/** One model size. Vocabulary and context belong to the study (tokenizer, recipe), not to the member. */
export interface Member {
  id: string
  name: string
  layers: number
  width: number
  heads: number
  /** Overrides the recipe's, for over- and under-trained members. */
  tokensPerParameter?: number
  /** Off: stays in the table, is not trained. */
  isEnabled: boolean
}

/** How the ladder was made, so that the dial can go on from there. */
export type Dial =
  | { kind: 'compute'; flops: number }
  | { kind: 'largest'; parameters: number }
  | { kind: 'preset'; preset: string }

export interface Ladder {
  dial: Dial
  members: Member[]
}

/** What one member will take; every number from the same functions that the trainer uses. */
export interface MemberPlan {
  memberId: string
  name: string
  shape: GptShape
  parameters: number
  /** The count that tokens per parameter multiplies (recipe.countedParameters). */
  countedParameters: number
  /** steps × batch, exactly what will be trained on. */
  tokens: number
  steps: number
  batchSequences: number
  /** Sequences at once on the engine; the rest of the batch is accumulated. */
  microBatchSequences: number
  warmupSteps: number
  peakLearningRate: number
  /** Training FLOPs of all tokens under each convention. */
  flops: Record<FlopsConvention, number>
  /** Weights, gradients, moments and activations of one micro-batch. */
  memoryBytes: number
  /** Time on this machine, null until it is measured. */
  seconds: number | null
  /** Passes over the training tokens; null until the corpus is tokenised. */
  epochs: number | null
  /** Why this member cannot be trained here, null when it can. */
  refusal: string | null
  /** Worth knowing, no obstacle: many epochs, a very short schedule. */
  warnings: string[]
}
