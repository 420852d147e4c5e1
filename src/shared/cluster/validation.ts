// How good the cost model is, as a report: errors of every table, ours beside Calculon's on the same rows.
import type { Errors } from './trial.ts'

/** One table, or a part of one. */
export interface TableReport {
  table: string
  part: string
  time: Errors | null
  /** Calculon's own error and ours on the rows for which the file has Calculon's prediction. */
  calculon: Errors | null
  sameRows: Errors | null
  memory: Errors | null
  calculonMemory: Errors | null
  /** Verdicts on rows that ran out of memory, and on rows that did not. */
  outOfMemory: { rows: number; right: number } | null
  fitting: { rows: number; right: number } | null
  ranking: Ranking | null
  /** What sources leave open and was assumed. */
  assumed: string
}

/**
 * Kendall's tau of plans of one model on one number of devices: the mean over groups of at least 4, weighted by their
 * pairs.
 */
export interface Ranking {
  groups: number
  tau: number
  lowest: number
}

export interface ValidationReport {
  /** Every table of the file that ships, whole and in parts. */
  tables: TableReport[]
  /** Where the measurements are from, by table. */
  sources: Record<string, string>
  passedOver: { table: string; row: number; because: string }[]
  /** The command that recomputes all of this, and the one that judges plans by constants that never saw them. */
  commands: { all: string; heldOut: string }
}
