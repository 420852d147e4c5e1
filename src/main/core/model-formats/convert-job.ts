// A model made elsewhere read, checked and written to a folder of the person's, in a worker; the lab keeps nothing.
import { basename } from 'node:path'
import { countParameters } from '#shared/family/shape.ts'
import type { ModelOrigin } from '#shared/model.ts'
import type { ModelReport } from '#shared/model-report.ts'
import { removeFolder } from '#main/platform/disk/folders.ts'
import { exportModel } from './export.ts'
import { importHuggingFace } from './import.ts'
import { licenceIn, modelMadeElsewhere } from './licence.ts'
import { tokenizerOf } from './open.ts'
import { placeOrigin, type OriginDeps } from './origin.ts'

export interface ConvertModelJob extends OriginDeps {
  kind: 'convert-model'
  origin: ModelOrigin
  /** Where it is written in our form; null to look only. */
  to: string | null
  overwrite: boolean
}

/** Yields what has been fetched of it, where it comes from the hub. */
export async function* convertModelJob(
  { origin, hubFolder, gatherFolder, to, overwrite }: ConvertModelJob,
  signal: AbortSignal,
): AsyncGenerator<{ doneBytes: number; totalBytes: number }, ModelReport> {
  try {
    const placing = placeOrigin(origin, { hubFolder, gatherFolder }, signal)
    let placed = await placing.next()
    for (; !placed.done; placed = await placing.next())
      yield { doneBytes: placed.value.doneBytes, totalBytes: placed.value.totalBytes }
    return await convert(placed.value, to, overwrite)
  } finally {
    if (origin.kind === 'files') await removeFolder(gatherFolder)
  }
}

async function convert(folder: string, to: string | null, overwrite: boolean): Promise<ModelReport> {
  const imported = await importHuggingFace(folder)
  const { model, parameters, tokenizer, dtypes, files, skipped } = imported
  const report = {
    folder,
    model,
    parameters: countParameters(model.shape),
    tokenizer: tokenizer && { vocabulary: tokenizer.vocabulary, endOfText: tokenizer.endOfText },
    dtypes,
    files,
    skipped,
  }
  if (to === null) return { ...report, written: null }
  const name = basename(folder)
  const written = await exportModel({
    model,
    parameters,
    tokenizer: tokenizerOf(imported, folder),
    card: modelMadeElsewhere(name, await licenceIn(folder), report.parameters),
    name,
    folder: to,
    overwrite,
  })
  return { ...report, written }
}
