// What the lab knows of one training, and the records it sends while it lasts.
import type { ClusterChoice, StreamingStep } from './cluster/live.ts'
import type { EngineName, Precision } from './engine.ts'
import type { MemberPlan } from './family/ladder.ts'
import type { ModelPlan } from './family/model.ts'
import type { Recipe } from './family/recipe.ts'
import type { FaultCode } from './fault.ts'
import type { RunOrigin } from './model.ts'
import type { NoiseScale } from './noise-scale.ts'
import type { PlaceChoice, RunPlace, TorchRun } from './place.ts'
import type { TaskState } from './task-state.ts'
import type { TokenizerChoice } from './tokenizer/choice.ts'

/** A paused one has no process, and its checkpoint stays; a cancelled or interrupted one can be resumed as well. */
export type RunState = TaskState

/** Everything a training needs, fixed when it starts; kept with the run so that it can be resumed bit for bit. */
export interface RunPlan {
  runId: string
  studyId: string
  memberId: string
  name: string
  corpusId: string
  tokenizer: TokenizerChoice
  recipe: Recipe
  member: MemberPlan
  model: ModelPlan
  engine: EngineName
  threads: number
  /** Seeds the order of the data. */
  seed: number
  validationEverySteps: number
  /** Sequences of the validation split that are scored along the way. */
  validationSequences: number
  sampleEverySteps: number
  checkpointEverySteps: number
  /** Whose weights it began from; absent where they were the recipe's random ones. */
  origin?: RunOrigin
  /**
   * Systems of the emulated cluster that trains it, 1 to 16; absent: the plain trainer. Nothing else of a run depends
   * on it.
   */
  systems?: number
  /** Most bytes of weights that one system may hold; absent: what it needs. */
  systemWeightBytes?: number
  /** The processes of PyTorch that train it, elsewhere; absent: `engine` does. */
  torch?: TorchRun
}

/** How members are trained that are asked for together; absent: once, on this computer. */
export interface StartChoices extends Partial<ClusterChoice>, Partial<PlaceChoice> {
  /** Trainings of each member with seeds in turn, from the recipe's on; what has finished is not trained again. */
  seeds?: number
}

export interface RunSummary {
  id: string
  studyId: string
  memberId: string
  name: string
  state: RunState
  /** Updates done, of all. */
  step: number
  steps: number
  tokens: number
  parameters: number
  /** What tokens per parameter counted; absent in runs of older labs. */
  countedParameters?: number
  /** Of weights and data order; absent in runs of older labs. */
  seed?: number
  /** The same for runs that differ in their seed alone. */
  setting?: string
  /** It began from a model's weights, so it is no point of a law of fresh trainings. */
  origin?: RunOrigin
  /** wsd-s only: the steps at which a decay has just ended, and the validation loss is a point of the law. */
  cooldowns?: number[]
  /** Training FLOPs of the whole plan, under the recipe's convention. */
  flops: number
  flopsPerToken: number
  /** Last training loss, nats per token. */
  loss: number | null
  /** Last validation loss; once finished, the member's point on the scaling law, of the whole split. */
  validationLoss: number | null
  /** The whole validation split by the last weights; absent before the end, and in runs of older labs. */
  whole?: SplitScore
  bestValidationLoss: number | null
  /** As measured last; absent where nothing can be said of it. */
  noise?: NoiseScale
  tokensPerSecond: number | null
  secondsLeft: number | null
  /** Time spent training, over all its sessions. */
  elapsedMs: number
  engine: EngineName
  /** For people; null until an engine has it. */
  device: string | null
  peakBytes: number | null
  createdMs: number
  finishedMs: number | null
  /** Steps at which a checkpoint lies on disk, ascending. */
  checkpoints: number[]
  /** What is awaited while it starts; what happened, for `paused`, `failed` and `interrupted`. */
  message: string | null
  /** Why it failed or the disk paused it; absent in runs of older labs. */
  code?: FaultCode | null
  /** What multiplies; absent: fp32. */
  precision?: 'bf16'
  /** As in its plan. */
  systems?: number
  torch?: TorchRun
  /** Where it runs; absent: on this computer. */
  place?: RunPlace
  /** The last step on a cluster, as measured. */
  streaming?: StreamingStep
}

/** Whether an engine trains it now; before, its text, tokens and process are made ready. */
export const isTraining = ({ state, device }: Pick<RunSummary, 'state' | 'device'>): boolean =>
  state === 'running' && device !== null

/**
 * Whether it can go on from its last checkpoint, or from its beginning where it has none. What failed for an outer
 * cause can (a full disk, no memory, a process that was killed); numbers that diverged would only diverge again.
 */
export const canResume = ({ state, code }: Pick<RunSummary, 'state' | 'code'>): boolean =>
  state === 'paused' || state === 'cancelled' || state === 'interrupted' || (state === 'failed' && code !== 'diverged')

/** Whether its last weights are there and were not scored on the whole validation split, as an older lab's. */
export const canRescore = ({
  state,
  whole,
  validationLoss,
  checkpoints,
  steps,
}: Pick<RunSummary, 'state' | 'whole' | 'validationLoss' | 'checkpoints' | 'steps'>): boolean =>
  state === 'finished' && !whole && validationLoss !== null && checkpoints.includes(steps)

/** One update. */
export interface StepRecord {
  /** Updates done, 1 for the first. */
  step: number
  tokens: number
  /** Mean training loss of the step's batch, nats per token. */
  loss: number
  /** Global norm before clipping. */
  gradientNorm: number
  learningRate: number
  /** Since the run began, over all its sessions. */
  elapsedMs: number
}

/** A loss over tokens of the validation split. */
export interface SplitScore {
  /** Mean, nats per token. */
  loss: number
  /** Tokens scored. */
  tokens: number
  /** Of the mean, as one of a text's possible samples; null where one block of text was scored. */
  standardError: number | null
}

export interface ValidationRecord {
  step: number
  tokens: number
  /** Over a fixed random part of the split. */
  loss: number
  elapsedMs: number
  /** The same weights over the whole split: where a run is a point of a law. Absent in runs of older labs. */
  whole?: SplitScore
}

/** What a law takes of a validation: the whole split where that was scored. */
export const lawLossOf = ({ loss, whole }: Pick<ValidationRecord, 'loss' | 'whole'>): number => whole?.loss ?? loss

/** A continuation of the run's prompt at a step, to watch it learn. */
export interface SampleRecord {
  step: number
  text: string
}

/** All that was recorded after a step, in order. */
export interface RunRecords {
  runId: string
  steps: StepRecord[]
  validations: ValidationRecord[]
  samples: SampleRecord[]
}

/** How an export is written; a Hugging Face folder in fp32 with muP's scales multiplied in unless told otherwise. */
export interface ExportForm {
  format: 'hf' | 'gguf'
  dtype: 'f32' | 'bf16' | 'f16'
  /** muP's scales: `folded` into the weights of a plain GPT-2, or the model's `own` in the config. */
  scales?: 'folded' | 'own'
}

export interface ExportReport {
  folder: string
  files: { name: string; bytes: number }[]
  /** Largest difference between the tensors in memory and those read back: 0 or the export is refused. */
  largestDifference: number
}

export interface GenerateOptions {
  prompt: string
  /** Tokens to add. */
  tokens: number
  /** 0 takes the most likely token each time. */
  temperature: number
  /** 0 for all. */
  topK: number
  /** 1 for all. */
  topP: number
  seed: number
  /** Of the products; fp32 where it is not said. */
  precision?: Precision
  /** Rivals told with each token; as many as are shown unless said otherwise, 0 where nobody looks at them. */
  candidates?: number
}
