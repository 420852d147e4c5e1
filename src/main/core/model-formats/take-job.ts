// Taking a model over, in a worker: its files are fetched where need be, read, checked, and written in the lab's own
// form.
import type { ImportedModel, ModelOrigin } from '#shared/model.ts'
import type { ModelPlan } from '#shared/family/model.ts'
import { countParameters } from '#shared/family/shape.ts'
import { Fault } from '#shared/fault.ts'
import type { ExportForm } from '#shared/run.ts'
import { exportModel } from './export.ts'
import { importHuggingFace } from './import.ts'
import { licenceIn, modelMadeElsewhere } from './licence.ts'
import { tokenizerOf } from './open.ts'
import { removeFolder } from '#main/platform/disk/folders.ts'
import { createGpt2Tokenizer } from '#main/core/tokenizer/gpt2.ts'
import { tokenizerFiles } from '#main/core/tokenizer/hugging-face.ts'
import { createByteTokenizer, type Tokenizer } from '#main/core/tokenizer/tokenizer.ts'
import { placeOrigin, type OriginDeps } from './origin.ts'

export interface TakeModelJob extends OriginDeps {
  kind: 'take-model'
  origin: ModelOrigin
  name: string
  /** Where it is to lie. */
  to: string
}

export type TakeModelRecord = NonNullable<ImportedModel['progress']>

export interface TakenModel extends Required<Pick<ImportedModel, 'dtypes' | 'licence' | 'bytes'>> {
  plan: ModelPlan
  parameters: number
  /** `model` where it is none of the lab's own. */
  tokenizer: { kind: 'bytes' | 'gpt2' | 'model'; vocabulary: number }
}

export async function* takeModelJob(
  { origin, name, to, hubFolder, gatherFolder }: TakeModelJob,
  signal: AbortSignal,
): AsyncGenerator<TakeModelRecord, TakenModel> {
  try {
    const placing = placeOrigin(origin, { hubFolder, gatherFolder }, signal)
    let placed = await placing.next()
    for (; !placed.done; placed = await placing.next())
      yield { phase: 'fetching', doneBytes: placed.value.doneBytes, totalBytes: placed.value.totalBytes }
    yield { phase: 'reading', doneBytes: 0, totalBytes: 0 }
    const taken = yield* readAndKeep(placed.value, name, to, signal)
    // it lies in the library now, and would lie on the disk twice
    if (origin.kind === 'hub') await removeFolder(placed.value)
    return taken
  } finally {
    if (origin.kind === 'files') await removeFolder(gatherFolder)
  }
}

async function* readAndKeep(
  folder: string,
  name: string,
  to: string,
  signal: AbortSignal,
): AsyncGenerator<TakeModelRecord, TakenModel> {
  const imported = await importHuggingFace(folder)
  const { model, parameters, dtypes } = imported
  await new Promise((resolve) => setImmediate(resolve)) // a request to stop comes in
  if (signal.aborted) throw new Fault('cancelled', 'Importing was cancelled; nothing of it was kept.')
  const tokenizer = tokenizerOf(imported, folder)
  const licence = await licenceIn(folder)
  const count = countParameters(model.shape)
  const { files } = await exportModel({
    model,
    parameters,
    tokenizer,
    card: modelMadeElsewhere(name, licence, count),
    name,
    folder: to,
    overwrite: true,
    form: formOf(model, dtypes),
  })
  return {
    plan: model,
    parameters: count,
    dtypes,
    licence,
    bytes: files.reduce((sum, { bytes }) => sum + bytes, 0),
    tokenizer: { kind: kindOf(tokenizer), vocabulary: tokenizer.vocabulary },
  }
}

/** As it came, so that nothing is lost: its own number format, and its scales where a config has a place for them. */
export function formOf(
  { shape, parametrisation: { embeddingScale, attentionScale, outputScale } }: ModelPlan,
  dtypes: readonly string[],
): ExportForm {
  const headSize = shape.width / shape.heads
  const isPlain = embeddingScale === 1 && outputScale === 1 && Math.abs(attentionScale * Math.sqrt(headSize) - 1) < 1e-9
  const hasPlace =
    Math.abs(attentionScale * headSize - 1) < 1e-9 || Math.abs(attentionScale * Math.sqrt(headSize) - 1) < 1e-9
  const dtype =
    dtypes.length === 1 && dtypes[0] === 'F16' ? 'f16' : dtypes.length === 1 && dtypes[0] === 'BF16' ? 'bf16' : 'f32'
  return { format: 'hf', dtype, scales: isPlain || !hasPlace ? 'folded' : 'own' }
}

function kindOf(tokenizer: Tokenizer): TakenModel['tokenizer']['kind'] {
  const text = (one: Tokenizer) => tokenizerFiles(one)[0].text
  if (tokenizer.choice.kind === 'gpt2' && text(tokenizer) === text(createGpt2Tokenizer())) return 'gpt2'
  return tokenizer.choice.kind === 'bytes' && text(tokenizer) === text(createByteTokenizer()) ? 'bytes' : 'model'
}
