// A model from elsewhere taken over in our own form, in a worker.
import { basename } from 'node:path'
import { countParameters } from '#shared/family/shape.ts'
import type { ModelReport } from '#shared/model-report.ts'
import type { ExportForm } from '#shared/run.ts'
import { exportModel } from './export.ts'
import { importHuggingFace } from './import.ts'
import { licenceFront, licenceIn } from './licence.ts'
import { openCheckpoint } from './open.ts'

export interface ImportJob {
  kind: 'import'
  folder: string
  /** Where it is written in our form; null to look only. */
  to: string | null
  overwrite: boolean
  form?: ExportForm
  /** What the model is called; else the folder's own name. */
  name?: string
}

export async function* importJob({
  folder,
  to,
  overwrite,
  form,
  name = basename(folder),
}: ImportJob): AsyncGenerator<never, ModelReport> {
  const { model, parameters, tokenizer, dtypes, files, skipped } = await importHuggingFace(folder)
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
  const whole = tokenizer ?? (await openCheckpoint({ kind: 'huggingface', folder })).tokenizer
  const card = `${licenceFront(await licenceIn(folder))}# ${name}\n\nRead from ${files.join(', ')} of another folder and written again by Isoflop; ${report.parameters.toLocaleString('en-US')} parameters.\n`
  return {
    ...report,
    written: await exportModel({ model, parameters, tokenizer: whole, card, name, folder: to, overwrite, form }),
  }
}
