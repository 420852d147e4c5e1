// What other families reached on the same tasks, to be laid over a study's own: accuracy against training compute.
import downstream from '../../../resources/published/downstream.json' with { type: 'json' }

/** One published model's accuracies. */
export interface PublishedResult {
  family: string
  /** Its size in the family, "111M". */
  model: string
  shots: number
  /** Training FLOPs as published. */
  flops: number
  /** Nats a GPT-2 token on the Pile's test split; null where none was printed. */
  pileLoss: number | null
  /** `acc` by task name. */
  acc: Record<string, number>
  /** Plain mean over the seven tasks. */
  average: number
}

export const publishedResults = downstream as {
  source: string
  metric: string
  note: string
  results: PublishedResult[]
}
