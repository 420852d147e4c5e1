// An export in whichever form is asked for.
import { join } from 'node:path'
import { Fault } from '#shared/fault.ts'
import type { ModelPlan } from '#shared/family/model.ts'
import type { ExportForm, ExportReport } from '#shared/run.ts'
import { tokenizerFiles } from '#main/core/tokenizer/hugging-face.ts'
import type { Tokenizer } from '#main/core/tokenizer/tokenizer.ts'
import type { ExportCard } from './card.ts'
import { dtypeOf } from './dtypes.ts'
import { exportGguf } from './gguf.ts'
import { exportHuggingFace } from './huggingface.ts'

export interface ExportRequest {
  model: ModelPlan
  parameters: ReadonlyMap<string, Float32Array>
  tokenizer: Tokenizer
  card: ExportCard | string
  /** What the model is called, where a format wants a name. */
  name: string
  folder: string
  overwrite: boolean
  form?: ExportForm
}

export async function exportModel({
  model,
  parameters,
  tokenizer,
  card,
  name,
  folder,
  overwrite,
  form,
}: ExportRequest): Promise<ExportReport> {
  const { format = 'hf', dtype = 'f32', scales = 'folded' } = form ?? {}
  if (format === 'hf') {
    return exportHuggingFace({
      model,
      parameters,
      tokenizerFiles: tokenizerFiles(tokenizer),
      endOfText: tokenizer.endOfText,
      card,
      folder,
      overwrite,
      dtype: dtypeOf(dtype),
      keepsScales: scales === 'own',
    })
  }
  if (dtype === 'bf16') throw new Fault('bad-input', 'dtype: GGUF is written as f32 or f16.')
  if (scales === 'own')
    throw new Fault('bad-input', 'scales: GGUF has no place for muP’s scales; they are multiplied into the weights.')
  const file = `model-${dtype}.gguf`
  const { bytes } = await exportGguf({
    model,
    parameters,
    tokenizer,
    name,
    path: join(folder, file),
    dtype: dtype === 'f16' ? 'F16' : 'F32',
    overwrite,
  })
  return { folder, files: [{ name: file, bytes }], largestDifference: 0 }
}
