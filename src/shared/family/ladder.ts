// A ladder: the members of a family, as a person shapes them, and what each will cost before anything runs.
import type { GptShape } from './shape.ts'
import type { Decay, FlopsConvention } from './recipe.ts'

/**
 * A published model's own numbers, where the recipe's rules would give others. They hold for its own vocabulary and
 * context only.
 */
export interface PublishedSchedule {
  vocabulary: number
  context: number
  steps: number
  batchSequences: number
  warmupSteps: number
  peakLearningRate: number
  decay: Decay
  finalFraction: number
  epsilon: number
  /** Standard deviation of the residual matrices at the start (standard parametrisation). */
  residualStd?: number
  /** Where the batch size changed on the way; the steps add up to `steps`, the first batch is `batchSequences`. */
  phases?: BatchPhase[]
}

export interface BatchPhase {
  steps: number
  batchSequences: number
}

/** One model size. Vocabulary and context belong to the study (tokenizer, recipe), not to the member. */
export interface Member {
  id: string
  name: string
  /** A person typed the name; any other name follows the size. */
  isNamed?: boolean
  layers: number
  width: number
  heads: number
  /** Overrides the recipe's, for over- and under-trained members. */
  tokensPerParameter?: number
  /** Off: stays in the table, is not trained. */
  isEnabled: boolean
  /** Members of a published family carry the recipe they were trained with. */
  published?: PublishedSchedule
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
  /** Only where a published member departs from the study's recipe; see scheduleOf, adamOf and modelOf. */
  decay?: Decay
  finalFraction?: number
  epsilon?: number
  residualStd?: number
  phases?: BatchPhase[]
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
  /** It trains, and no whole sequence of the validation split is there to score it by. */
  isUnscored?: true
}
