// Weights written in a form that others read, in a worker, wherever they come from.
import { countParameters } from '#shared/family/shape.ts'
import type { ExportForm, ExportReport } from '#shared/run.ts'
import type { ExportCard } from './card.ts'
import { exportModel } from './export.ts'
import { licenceIn, modelMadeElsewhere } from './licence.ts'
import { openCheckpoint, type CheckpointSource } from './open.ts'

/** A run's checkpoint with what is said of the run, or a model made elsewhere, which keeps its licence. */
export type ExportSource =
  | { source: Extract<CheckpointSource, { kind: 'run' }>; card: ExportCard }
  | { source: Extract<CheckpointSource, { kind: 'huggingface' }>; card: null }

export type ExportJob = ExportSource & {
  kind: 'export'
  /** What the model is called. */
  name: string
  folder: string
  overwrite: boolean
  form?: ExportForm
}

export async function* exportJob(job: ExportJob): AsyncGenerator<never, ExportReport> {
  const { source, name, folder, overwrite, form } = job
  const opened = await openCheckpoint(source)
  const card =
    job.card ?? modelMadeElsewhere(name, await licenceIn(job.source.folder), countParameters(opened.model.shape))
  return exportModel({ ...opened, card, name, folder, overwrite, form })
}
