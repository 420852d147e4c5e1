// A model from elsewhere writing a text, in a worker.
import type { EngineName } from '#shared/engine.ts'
import type { Generated, GenerateOptions } from '#shared/run.ts'
import { createAnyEngine } from '#main/core/engine/create.ts'
import { openCheckpoint } from '#main/core/model-formats/open.ts'
import { generate } from './generate.ts'

export interface GenerateFromJob {
  kind: 'generate-from'
  folder: string
  engine: EngineName | 'auto'
  threads: number
  options: GenerateOptions
}

export async function* generateFromJob(
  { folder, engine: name, threads, options }: GenerateFromJob,
  signal: AbortSignal,
): AsyncGenerator<unknown, Generated> {
  const { model, parameters, tokenizer } = await openCheckpoint({ kind: 'huggingface', folder })
  const engine = await createAnyEngine(name, model, { threads, parameters })
  try {
    return yield* generate(engine, tokenizer, options, signal)
  } finally {
    engine.dispose()
  }
}
