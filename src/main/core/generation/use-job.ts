// What is done with a checkpoint in a worker: exporting it, and letting it write.
import { loadParameters } from '#main/core/model-formats/checkpoint.ts'
import { exportModel } from '#main/core/model-formats/export.ts'
import type { ExportCard } from '#main/core/model-formats/card.ts'
import { generate } from './generate.ts'
import { createEngine } from '#main/core/engine/create.ts'
import { loadTokenizer } from '#main/core/tokenizer/files.ts'
import type { EngineName } from '#shared/engine.ts'
import type { ModelPlan } from '#shared/family/model.ts'
import type { ExportForm, ExportReport, Generated, GenerateOptions } from '#shared/run.ts'

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

export interface GenerateJob {
  kind: 'generate'
  model: ModelPlan
  checkpointFolder: string
  tokensFolder: string
  engine: EngineName
  threads: number
  options: GenerateOptions
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

export async function* generateJob(
  { model, checkpointFolder, tokensFolder, engine: name, threads, options }: GenerateJob,
  signal: AbortSignal,
): AsyncGenerator<unknown, Generated> {
  const tokenizer = loadTokenizer(tokensFolder)
  const { parameters } = await loadParameters(checkpointFolder)
  const engine = await createEngine(name, model, { threads })
  try {
    const zeros = new Map([...parameters].map(([parameter, { length }]) => [parameter, new Float32Array(length)]))
    engine.restore({ updates: 0, parameters, firstMoments: zeros, secondMoments: zeros })
    return yield* generate(engine, tokenizer, options, signal)
  } finally {
    engine.dispose()
  }
}
