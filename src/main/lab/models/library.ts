// What a person does with weights of either kind, a run's or a model's: lets them write, looks at them, compares and
// exports them.
import type { EngineName } from '#shared/engine.ts'
import type { AttentionLook, Comparison, TensorLook, Written, WrittenToken } from '#shared/inspection.ts'
import type { Subject } from '#shared/model.ts'
import type { ExportForm, ExportReport, GenerateOptions } from '#shared/run.ts'
import type { ImportReport } from '#main/core/model-formats/import-job.ts'
import type { CheckpointSource } from '#main/core/model-formats/open.ts'
import type { News } from '#main/lab/news.ts'
import { workToEnd } from '#main/platform/processes/host.ts'
import type { ForkWorker } from '#main/platform/processes/process.ts'
import type { Desk } from './desk.ts'
import type { DeskJob } from '#main/core/generation/desk-job.ts'
import type { Models } from './models.ts'

export interface LibraryDeps {
  models: Pick<Models, 'ready' | 'folderOf'>
  desk: Desk
  /** A run's checkpoint, and the engine it was trained on. */
  checkpoints: {
    source(runId: string, step: number | null): { source: CheckpointSource; engine: EngineName; threads: number }
  }
  news: Pick<News, 'tell'>
  fork: ForkWorker
  chooseEngine: () => Promise<{ engine: EngineName; threads: number }>
  closing: AbortSignal
}

export interface Library {
  write(subject: Subject, options: GenerateOptions, writingId: string): Promise<Written>
  stopWriting(writingId: string): void
  weights(subject: Subject): Promise<TensorLook[]>
  attention(subject: Subject, text: string, layer: number): Promise<AttentionLook>
  compare(a: Subject, b: Subject): Promise<Comparison>
  export(modelId: string, folder: string, overwrite: boolean, form?: ExportForm): Promise<ExportReport>
}

/** Tokens are gathered for as long before they are told. */
const gatherMs = 100

export function createLibrary({ models, desk, checkpoints, news, fork, chooseEngine, closing }: LibraryDeps): Library {
  const writings = new Map<string, AbortController>()

  const placeOf = async (subject: Subject): Promise<DeskJob> =>
    subject.kind === 'run'
      ? { kind: 'desk', ...checkpoints.source(subject.runId, subject.step) }
      : {
          kind: 'desk',
          source: { kind: 'huggingface', folder: models.folderOf(models.ready(subject.modelId).id) },
          ...(await chooseEngine()),
        }

  return {
    write: async (subject, options, writingId) => {
      const stopping = new AbortController()
      writings.set(writingId, stopping)
      let gathered: WrittenToken[] = []
      const tell = () => {
        if (gathered.length > 0) news.tell('written', { writingId, tokens: gathered })
        gathered = []
      }
      const timer = setInterval(tell, gatherMs)
      try {
        return await desk.write(await placeOf(subject), options, (token) => gathered.push(token), stopping.signal)
      } finally {
        clearInterval(timer)
        if (writings.get(writingId) === stopping) writings.delete(writingId)
      }
    },
    stopWriting: (writingId) => writings.get(writingId)?.abort(),
    weights: async (subject) => desk.weights(await placeOf(subject)),
    attention: async (subject, text, layer) => desk.attention(await placeOf(subject), text, layer),
    compare: async (a, b) => desk.compare(await placeOf(a), (await placeOf(b)).source),
    export: async (modelId, folder, overwrite, form) => {
      const { id, name } = models.ready(modelId)
      const job = { kind: 'import', folder: models.folderOf(id), to: folder, overwrite, form, name }
      const { written } = await workToEnd<never, ImportReport>(fork, job, { signal: closing })
      return written!
    },
  }
}
