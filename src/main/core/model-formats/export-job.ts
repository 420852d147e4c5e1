// A run's checkpoint written in a form that others read, in a worker.
import { loadTokenizer } from '#main/core/tokenizer/files.ts'
import type { ExportCard } from './card.ts'
import { loadParameters } from './checkpoint.ts'
import { exportModel } from './export.ts'
import type { ModelPlan } from '#shared/family/model.ts'
import type { ExportForm, ExportReport } from '#shared/run.ts'

export interface ExportJob {
  kind: 'export'
  model: ModelPlan
  checkpointFolder: string
  tokensFolder: string
  card: ExportCard
  folder: string
  overwrite: boolean
  form?: ExportForm
}

export async function* exportJob({
  model,
  checkpointFolder,
  tokensFolder,
  card,
  folder,
  overwrite,
  form,
}: ExportJob): AsyncGenerator<never, ExportReport> {
  const { parameters } = await loadParameters(checkpointFolder)
  const tokenizer = loadTokenizer(tokensFolder)
  return exportModel({ model, parameters, tokenizer, card, name: card.plan.name, folder, overwrite, form })
}
