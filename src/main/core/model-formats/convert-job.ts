// A model made elsewhere read, checked and written to a folder of the person's, in a worker; the lab keeps nothing.
import type { ModelOrigin } from '#shared/model.ts'
import type { ModelReport } from '#shared/model-report.ts'
import { removeFolder } from '#main/platform/disk/folders.ts'
import { importJob } from './import-job.ts'
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
    return yield* importJob({ kind: 'import', folder: placed.value, to, overwrite })
  } finally {
    if (origin.kind === 'files') await removeFolder(gatherFolder)
  }
}
