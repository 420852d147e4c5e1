// Where a worker begins, and every kind of long work that one can do. A room is loaded only when its work has come.
import type { EngineName } from '#shared/engine/engine.ts'
import type { CheckJob } from '#main/checks/job.ts'
import type { SearchJob } from '#main/cluster/search-job.ts'
import type { IngestRequest } from '#main/corpus/ingest.ts'
import type { GenerateFromJob, ImportJob } from '#main/checkpoint/imported-jobs.ts'
import type { CheckTaskFileJob } from '#main/evaluation/check-file-job.ts'
import type { EvaluateJob } from '#main/evaluation/evaluate-job.ts'
import type { ExportJob, GenerateJob } from '#main/runs/use-job.ts'
import type { DeskJob } from '#main/models/desk-job.ts'
import type { TakeModelJob } from '#main/models/take-job.ts'
import type { TrainJob } from '#main/runs/train-job.ts'
import type { PartJob } from '#main/streaming/messages.ts'
import type { TokenizeRequest } from '#main/tokenizer/tokenize-corpus.ts'
import type { Asks } from '#main/work/serve.ts'
import { workForHost } from '#main/work/worker-process.ts'

export type Job =
  | { kind: 'ingest'; request: IngestRequest }
  | { kind: 'tokenize'; request: TokenizeRequest }
  | { kind: 'probe'; engine: EngineName; threads: number }
  | { kind: 'measure'; engine: EngineName; threads: number }
  | TrainJob
  | ExportJob
  | GenerateJob
  | EvaluateJob
  | CheckTaskFileJob
  | ImportJob
  | GenerateFromJob
  | CheckJob
  | SearchJob
  | TakeModelJob
  | DeskJob
  | PartJob

/** For those who run a job without a host. */
const noAsks: Asks = { next: async () => null }

export async function* runJob(message: unknown, signal: AbortSignal, asks: Asks = noAsks): AsyncGenerator<unknown, unknown> {
  const job = message as Job
  switch (job.kind) {
    case 'ingest': return yield* (await import('#main/corpus/ingest.ts')).ingestCorpus(job.request, signal)
    case 'tokenize': return yield* (await import('#main/tokenizer/tokenize-corpus.ts')).tokenizeCorpus(job.request, signal)
    case 'probe': return (await import('#main/engine/measure.ts')).probeEngine(job.engine, { threads: job.threads })
    case 'measure': return (await import('#main/engine/measure.ts')).measureFlops(job.engine, { threads: job.threads })
    case 'train': return yield* (await import('#main/runs/train-job.ts')).trainJob(job, signal, asks)
    case 'export': return yield* (await import('#main/runs/use-job.ts')).exportJob(job)
    case 'check': return yield* (await import('#main/checks/job.ts')).checkJob(job, signal)
    case 'search-plans': return yield* (await import('#main/cluster/search-job.ts')).searchJob(job, signal)
    case 'generate': return yield* (await import('#main/runs/use-job.ts')).generateJob(job, signal)
    case 'evaluate': return yield* (await import('#main/evaluation/evaluate-job.ts')).evaluateJob(job, signal)
    case 'check-task-file': return yield* (await import('#main/evaluation/check-file-job.ts')).checkTaskFileJob(job)
    case 'import': return yield* (await import('#main/checkpoint/imported-jobs.ts')).importJob(job)
    case 'generate-from': return yield* (await import('#main/checkpoint/imported-jobs.ts')).generateFromJob(job, signal)
    case 'take-model': return yield* (await import('#main/models/take-job.ts')).takeModelJob(job, signal)
    case 'desk': return yield* (await import('#main/models/desk-job.ts')).deskJob(job, signal, asks)
    case 'cluster-part': return yield* (await import('#main/streaming/part-job.ts')).clusterPartJob(job)
    default: throw new Error(`a worker does not know the job ${JSON.stringify((job as { kind: unknown }).kind)}`)
  }
}

workForHost(runJob, __filename)
