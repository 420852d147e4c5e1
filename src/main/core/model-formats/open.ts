// A model ready to be put on an engine, wherever it comes from.
import type { ModelPlan } from '#shared/family/model.ts'
import { Fault } from '#shared/fault.ts'
import { loadTokenizer } from '#main/core/tokenizer/files.ts'
import { createGpt2Tokenizer } from '#main/core/tokenizer/gpt2.ts'
import type { Tokenizer } from '#main/core/tokenizer/tokenizer.ts'
import { loadParameters } from './checkpoint.ts'
import { importHuggingFace } from './import.ts'

/** A checkpoint of a run, or a folder of Hugging Face's. */
export type CheckpointSource =
  | { kind: 'run'; model: ModelPlan; checkpointFolder: string; tokensFolder: string }
  | { kind: 'huggingface'; folder: string }

export interface OpenedCheckpoint {
  model: ModelPlan
  parameters: Map<string, Float32Array>
  tokenizer: Tokenizer
}

/** A folder without a tokenizer has GPT-2's if its vocabulary is of that size. */
export async function openCheckpoint(source: CheckpointSource): Promise<OpenedCheckpoint> {
  if (source.kind === 'run') {
    const { parameters } = await loadParameters(source.checkpointFolder)
    return { model: source.model, parameters, tokenizer: loadTokenizer(source.tokensFolder) }
  }
  const { model, parameters, tokenizer } = await importHuggingFace(source.folder)
  if (tokenizer) return { model, parameters, tokenizer }
  if (model.shape.vocabulary === 50_257) return { model, parameters, tokenizer: createGpt2Tokenizer() }
  throw new Fault(
    'bad-input',
    `${source.folder} holds no tokenizer: neither tokenizer.json nor vocab.json with merges.txt.`,
  )
}
