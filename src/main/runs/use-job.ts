// What is done with a checkpoint in a worker: exporting it, and letting it write.
import { loadParameters } from '#main/checkpoint/checkpoint.ts'
import { exportHuggingFace } from '#main/checkpoint/huggingface.ts'
import type { ExportCard } from '#main/checkpoint/card.ts'
import { generate } from '#main/checkpoint/generate.ts'
import { createEngine } from '#main/engine/create.ts'
import { loadTokenizer } from '#main/tokenizer/files.ts'
import { tokenizerFiles } from '#main/tokenizer/hugging-face.ts'
import type { EngineName } from '#shared/engine/engine.ts'
import type { ModelPlan } from '#shared/family/model.ts'
import type { ExportReport, Generated, GenerateOptions } from '#shared/runs/run.ts'

export interface ExportJob {
  kind: 'export'
  model: ModelPlan
  checkpointFolder: string
  tokensFolder: string
  card: ExportCard
  folder: string
  overwrite: boolean
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

export async function* exportJob({ model, checkpointFolder, tokensFolder, card, folder, overwrite }: ExportJob): AsyncGenerator<never, ExportReport> {
  const { parameters } = await loadParameters(checkpointFolder)
  const tokenizer = loadTokenizer(tokensFolder)
  return exportHuggingFace({ model, parameters, tokenizerFiles: tokenizerFiles(tokenizer), endOfText: tokenizer.endOfText, card, folder, overwrite })
}

export async function* generateJob({ model, checkpointFolder, tokensFolder, engine: name, threads, options }: GenerateJob, signal: AbortSignal): AsyncGenerator<unknown, Generated> {
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
