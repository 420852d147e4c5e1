// A model ready to be put on an engine, wherever it comes from.
import type { ModelPlan } from '#shared/family/model.ts'
import { Fault } from '#shared/fault.ts'
import { loadTokenizer } from '#main/core/tokenizer/files.ts'
import { createGpt2Tokenizer } from '#main/core/tokenizer/gpt2.ts'
import type { Tokenizer } from '#main/core/tokenizer/tokenizer.ts'
import { loadParameters } from './checkpoint.ts'
import { importHuggingFace, type HuggingFaceModel } from './import.ts'

/** A checkpoint of a run, or a folder of Hugging Face's. */
export type CheckpointSource =
  | { kind: 'run'; model: ModelPlan; checkpointFolder: string; tokensFolder: string }
  | { kind: 'huggingface'; folder: string }

export interface OpenedCheckpoint {
  model: ModelPlan
  parameters: Map<string, Float32Array>
  tokenizer: Tokenizer
}

export async function openCheckpoint(source: CheckpointSource): Promise<OpenedCheckpoint> {
  if (source.kind === 'run') {
    const { parameters } = await loadParameters(source.checkpointFolder)
    return { model: source.model, parameters, tokenizer: loadTokenizer(source.tokensFolder) }
  }
  const imported = await importHuggingFace(source.folder)
  return { model: imported.model, parameters: imported.parameters, tokenizer: tokenizerOf(imported, source.folder) }
}

/** A folder without a tokenizer has GPT-2's if its vocabulary is of that size. */
export function tokenizerOf({ model, tokenizer }: HuggingFaceModel, folder: string): Tokenizer {
  if (tokenizer) return tokenizer
  if (model.shape.vocabulary === 50_257) return createGpt2Tokenizer()
  throw new Fault('bad-input', `${folder} holds no tokenizer: neither tokenizer.json nor vocab.json with merges.txt.`)
}
