// An imported model: made elsewhere, taken over into the lab, and used like a run's checkpoint.
import type { FaultCode } from './fault.ts'
import type { ModelPlan } from './family/model.ts'
import type { Recipe } from './family/recipe.ts'
import type { TaskState } from './task-state.ts'
import type { TokenizerChoice } from './tokenizer/choice.ts'

/** Where a model comes from. */
export type ModelOrigin =
  | { kind: 'folder'; path: string } // on the lab's own machine
  | { kind: 'files'; paths: string[] } // sent through the web door, or chosen one by one
  | { kind: 'hub'; repo: string; revision: string }

export interface ImportedModel {
  id: string
  name: string
  origin: ModelOrigin
  /** `running` while it is fetched, read and checked; what a cancelled one fetched whole stays for the next try. */
  state: TaskState
  /** Shape, activation and scales; null until it has been read. */
  plan: ModelPlan | null
  parameters: number | null
  /** On the lab's disk. */
  bytes: number
  /** Number formats of its weights as they came. */
  dtypes: string[]
  /** How a text is cut for it: one of the lab's own tokenizers where it is the same, else the model's. */
  tokenizer: TokenizerChoice | null
  /** From its README, where it says. */
  licence: string | null
  progress: { phase: 'fetching' | 'reading'; doneBytes: number; totalBytes: number } | null
  /** Why it failed or is paused. */
  message: string | null
  code?: FaultCode | null
  createdMs: number
}

/** One checkpoint of a run, as a table shows it. Losses in nats per token; null where none was recorded. */
export interface CheckpointRow {
  runId: string
  memberId: string
  /** Of the run. */
  name: string
  step: number
  tokens: number
  loss: number | null
  validationLoss: number | null
  bytes: number
  isLast: boolean
  model: ModelPlan
  /** How it was trained. */
  made: {
    recipe: Recipe
    steps: number
    batchSequences: number
    peakLearningRate: number
    tokenizer: TokenizerChoice
    corpusId: string
    parameters: number
    origin: RunOrigin | null
  }
}

/** What a training that goes on from a model may be told; the rest is the study's recipe. */
export interface ContinueChoices {
  /** To train on. */
  tokens: number
  /** Highest learning rate; null for a tenth of what the recipe gives fresh weights of this width. */
  peakLearningRate: number | null
  /** Tokens per sequence, at most the model's context; null for the smaller of that and the recipe's. */
  context: number | null
}

/** Of what a run's first weights are, where they are not the recipe's random ones. */
export interface RunOrigin {
  modelId: string
  name: string
}
