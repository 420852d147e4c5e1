// What a report is written from: a study and all that came of it, as plain records.
import type { EvidencePoint } from '#shared/comparison/evidence.ts'
import type { Corpus, TokenizedCorpus } from '#shared/corpus.ts'
import type { Evaluation } from '#shared/evaluation/evaluation.ts'
import type { LossFactor, LossUnit } from '#shared/loss-unit.ts'
import type { RunPlan, RunSummary } from '#shared/run.ts'
import type { Study, StudyDocument } from '#shared/study.ts'

/** A training curve in a few hundred points, each the mean of what lies around it. */
export interface CoarsePoint {
  tokens: number
  loss: number
}

export interface ReportedRun {
  summary: RunSummary
  plan: RunPlan
  curve: CoarsePoint[]
  /** Of its losses, to be in the report's unit; absent: nats per token. */
  factor?: LossFactor
  /** What it wrote last. */
  sample: string | null
}

export interface ReportData {
  version: string
  nowMs: number
  /** In which the losses are to be said; they come as they were recorded. Absent: nats per token. */
  unit?: LossUnit
  study: Study
  document: StudyDocument
  /** A person's note on the study. */
  question: string
  corpus: Corpus | null
  tokens: TokenizedCorpus | null
  /** Smallest first. */
  runs: ReportedRun[]
  evaluations: Evaluation[]
  /** Titles of tasks by their names. */
  taskTitles: Record<string, string>
  /** The trainings that the law is fitted to, by compute. */
  points: EvidencePoint[]
  /** For people: processor, cores. */
  computer: string
}
