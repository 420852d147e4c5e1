// Where a worker begins, and every kind of long work that one can do. A room is loaded only when its work has come.
import type { EngineName } from '#shared/engine.ts'
import type { CheckJob } from '#main/core/mup-checks/job.ts'
import type { SearchJob } from '#main/core/cluster-validation/search-job.ts'
import type { IngestRequest } from '#main/core/corpus/ingest.ts'
import type { ConvertModelJob } from '#main/core/model-formats/convert-job.ts'
import type { CheckTaskFileJob } from '#main/core/evaluation/check-file-job.ts'
import type { OwnTaskJob } from '#main/core/evaluation/own-task-job.ts'
import type { EvaluateJob } from '#main/core/evaluation/evaluate-job.ts'
import type { ExportJob } from '#main/core/model-formats/export-job.ts'
import type { ModelSessionJob } from '#main/core/generation/session-job.ts'
import type { TakeModelJob } from '#main/core/model-formats/take-job.ts'
import type { ReportJob } from '#main/core/reports/report-job.ts'
import type { TrainJob } from '#main/core/training/train-job.ts'
import type { PartJob } from '#main/core/cluster-training/messages.ts'
import type { TokenizeRequest } from '#main/core/tokenizer/tokenize-corpus.ts'
import type { Asks } from '#main/platform/processes/serve.ts'
import { workForHost } from '#main/platform/processes/worker-process.ts'

export type Job =
  | { kind: 'ingest'; request: IngestRequest }
  | { kind: 'tokenize'; request: TokenizeRequest }
  | { kind: 'probe'; engine: EngineName; threads: number }
  | { kind: 'measure'; engine: EngineName; threads: number }
  | { kind: 'load'; engine: EngineName; threads: number }
  | TrainJob
  | ExportJob
  | EvaluateJob
  | CheckTaskFileJob
  | OwnTaskJob
  | CheckJob
  | SearchJob
  | ReportJob
  | TakeModelJob
  | ConvertModelJob
  | ModelSessionJob
  | PartJob

/** For those who run a job without a host. */
const noAsks: Asks = { next: async () => null }

export async function* runJob(
  message: unknown,
  signal: AbortSignal,
  asks: Asks = noAsks,
): AsyncGenerator<unknown, unknown> {
  const job = message as Job
  switch (job.kind) {
    case 'ingest':
      return yield* (await import('#main/core/corpus/ingest.ts')).ingestCorpus(job.request, signal)
    case 'tokenize':
      return yield* (await import('#main/core/tokenizer/tokenize-corpus.ts')).tokenizeCorpus(job.request, signal)
    case 'probe':
      return (await import('#main/core/engine/measure.ts')).probeEngine(job.engine, { threads: job.threads })
    case 'measure':
      return (await import('#main/core/engine/measure.ts')).measureFlops(job.engine, { threads: job.threads })
    case 'load':
      return (await import('#main/core/engine/measure.ts')).loadEngine(job.engine, { threads: job.threads })
    case 'train':
      return yield* (await import('#main/core/training/train-job.ts')).trainJob(job, signal, asks)
    case 'export':
      return yield* (await import('#main/core/model-formats/export-job.ts')).exportJob(job)
    case 'check':
      return yield* (await import('#main/core/mup-checks/job.ts')).checkJob(job, signal)
    case 'search-plans':
      return yield* (await import('#main/core/cluster-validation/search-job.ts')).searchJob(job, signal)
    case 'report':
      return yield* (await import('#main/core/reports/report-job.ts')).reportJob(job)
    case 'evaluate':
      return yield* (await import('#main/core/evaluation/evaluate-job.ts')).evaluateJob(job, signal)
    case 'check-task-file':
      return yield* (await import('#main/core/evaluation/check-file-job.ts')).checkTaskFileJob(job)
    case 'own-task':
      return yield* (await import('#main/core/evaluation/own-task-job.ts')).ownTaskJob(job)
    case 'convert-model':
      return yield* (await import('#main/core/model-formats/convert-job.ts')).convertModelJob(job, signal)
    case 'take-model':
      return yield* (await import('#main/core/model-formats/take-job.ts')).takeModelJob(job, signal)
    case 'model-session':
      return yield* (await import('#main/core/generation/session-job.ts')).modelSessionJob(job, signal, asks)
    case 'cluster-part':
      return yield* (await import('#main/core/cluster-training/part-job.ts')).clusterPartJob(job)
    default:
      throw new Error(`a worker does not know the job ${JSON.stringify((job as { kind: unknown }).kind)}`)
  }
}

workForHost(runJob, __filename)
