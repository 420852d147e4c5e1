// What a conversion says of a model that was made elsewhere.
import type { ModelPlan } from './family/model.ts'
import type { ExportReport } from './run.ts'

/** What a model made elsewhere is, and where it was written in the lab's own form. */
export interface ModelReport {
  folder: string
  model: ModelPlan
  parameters: number
  /** null: the folder has none. */
  tokenizer: { vocabulary: number; endOfText: number } | null
  dtypes: string[]
  files: string[]
  skipped: string[]
  written: ExportReport | null
}
