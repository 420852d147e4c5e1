// What a person does with weights of any kind, a run's, a model's or a folder's: lets them generate, inspects, compares
// and exports them.
import { basename } from 'node:path'
import type { EngineName } from '#shared/engine.ts'
import type { AttentionMaps, Comparison, TensorStats, Generated, GeneratedToken } from '#shared/inspection.ts'
import type { ExportForm, ExportReport, GenerateOptions } from '#shared/run.ts'
import type { Subject } from '#shared/subject.ts'
import type { ModelOrigin } from '#shared/model.ts'
import type { ModelReport } from '#shared/model-report.ts'
import type { ConvertModelJob } from '#main/core/model-formats/convert-job.ts'
import type { ExportJob, ExportSource } from '#main/core/model-formats/export-job.ts'
import type { News } from '#main/lab/news.ts'
import { workToEnd } from '#main/platform/processes/host.ts'
import type { ForkWorker } from '#main/platform/processes/process.ts'
import type { ModelSessionJob } from '#main/core/generation/session-job.ts'
import type { CheckpointUse } from '#main/lab/runs/checkpoints.ts'
import type { ModelSessions } from '#main/lab/models/model-sessions.ts'
import type { Models } from '#main/lab/models/models.ts'

export interface SubjectsDeps {
  models: Pick<Models, 'ready' | 'folderOf'>
  sessions: ModelSessions
  checkpoints: Pick<CheckpointUse, 'source' | 'card'>
  news: Pick<News, 'tell'>
  fork: ForkWorker
  chooseEngine: (flops: number) => Promise<{ engine: EngineName; threads: number }>
  /** A folder as a person types it. */
  folderAt: (path: string) => string
  /** Where the hub's files lie, and where files that came one by one are gathered. */
  hubFolder: string
  gatherFolder: string
  closing: AbortSignal
}

export interface Subjects {
  generate(subject: Subject, options: GenerateOptions, generationId: string): Promise<Generated>
  stopGenerating(generationId: string): void
  weights(subject: Subject): Promise<TensorStats[]>
  attention(subject: Subject, text: string, layer: number): Promise<AttentionMaps>
  compare(a: Subject, b: Subject): Promise<Comparison>
  export(subject: Subject, folder: string, overwrite: boolean, form?: ExportForm): Promise<ExportReport>
  /** Keeps nothing of it in the lab. */
  convert(origin: ModelOrigin, folder: string | null, overwrite: boolean): Promise<ModelReport>
}

/** Tokens are gathered for as long before they are told. */
const gatherMs = 100

export function createSubjects(deps: SubjectsDeps): Subjects {
  const { models, sessions, checkpoints, news, fork, chooseEngine, folderAt, closing } = deps
  const generations = new Map<string, AbortController>()

  const folderOf = (subject: Exclude<Subject, { kind: 'run' }>): string =>
    subject.kind === 'folder' ? folderAt(subject.path) : models.folderOf(models.ready(subject.modelId).id)
  /** A run goes on with the engine that trained it. */
  const jobOf = async (subject: Subject): Promise<ModelSessionJob> =>
    subject.kind === 'run'
      ? { kind: 'model-session', ...checkpoints.source(subject.runId, subject.step) }
      : {
          kind: 'model-session',
          source: { kind: 'huggingface', folder: folderOf(subject) },
          ...(await chooseEngine(0)),
        }

  const exported = (subject: Subject): ExportSource & { name: string } => {
    if (subject.kind === 'run') {
      const card = checkpoints.card(subject.runId, subject.step)
      return { source: checkpoints.source(subject.runId, subject.step).source, card, name: card.plan.name }
    }
    const source = { kind: 'huggingface' as const, folder: folderOf(subject) }
    return {
      source,
      card: null,
      name: subject.kind === 'model' ? models.ready(subject.modelId).name : basename(source.folder),
    }
  }

  return {
    generate: async (subject, options, generationId) => {
      const stopping = new AbortController()
      generations.set(generationId, stopping)
      let gathered: GeneratedToken[] = []
      const tell = () => {
        if (gathered.length > 0) news.tell('generated', { generationId, tokens: gathered })
        gathered = []
      }
      const timer = setInterval(tell, gatherMs)
      try {
        const { precision, ...rest } = options
        const job = { ...(await jobOf(subject)), ...(precision === 'bf16' ? { precision } : {}) }
        return await sessions.generate(job, rest, (token) => gathered.push(token), stopping.signal)
      } finally {
        clearInterval(timer)
        if (generations.get(generationId) === stopping) generations.delete(generationId)
      }
    },
    stopGenerating: (generationId) => generations.get(generationId)?.abort(),
    weights: async (subject) => sessions.weights(await jobOf(subject)),
    attention: async (subject, text, layer) => sessions.attention(await jobOf(subject), text, layer),
    compare: async (a, b) => sessions.compare(await jobOf(a), (await jobOf(b)).source),
    export: async (subject, folder, overwrite, form) => {
      const job: ExportJob = { kind: 'export', ...exported(subject), folder, overwrite, form }
      return workToEnd<never, ExportReport>(fork, job, { signal: closing })
    },
    convert: (origin, to, overwrite) => {
      const { hubFolder, gatherFolder } = deps
      const job: ConvertModelJob = { kind: 'convert-model', origin, to, overwrite, hubFolder, gatherFolder }
      return workToEnd<object, ModelReport>(fork, job, { signal: closing })
    },
  }
}
