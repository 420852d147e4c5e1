// What is asked of one task: its rows, its examples, and how many of each.
import type { Split } from '#shared/corpus.ts'
import type { TaskRecord } from '#shared/evaluation/task.ts'
import type { ShotSampler } from '#shared/evaluation/evaluation.ts'

export interface TaskChoice {
  task: string
  /** Where the task is a person's own: all that it is. */
  own?: TaskRecord
  /** One file, or one in several pieces. null: the task makes its items itself. */
  data: string | readonly string[] | null
  /** For tasks that read texts, instead of `data`: the documents of a split of a corpus. */
  documents?: { corpusFolder: string; split: Split }
  shots: number
  /** null: examples come from `data`, or are made, and never show an item its own answer. */
  shotsFrom: string | readonly string[] | null
  sampler: ShotSampler
  seed?: number
  /** The first items only; null for all. */
  limit: number | null
}
