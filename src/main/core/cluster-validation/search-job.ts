// The search as long work: an async generator of how far it is, that stops when asked.
import { searching, type SearchProgress, type SearchRequest, type SearchResult } from '#shared/cluster/search.ts'
import type { GpuMachine } from '#shared/cluster/machine.ts'
import type { ClusterModel } from '#shared/cluster/transformer.ts'

export interface SearchJob {
  kind: 'search-plans'
  model: ClusterModel
  machine: GpuMachine
  request: SearchRequest
}

export type SearchRecord = ({ kind: 'progress' } & SearchProgress) | { kind: 'result'; result: SearchResult }

export async function* searchJob(
  { model, machine, request }: SearchJob,
  signal: AbortSignal,
): AsyncGenerator<SearchRecord> {
  const run = searching(model, machine, request)
  while (!signal.aborted) {
    const { done, value } = run.next()
    if (done) {
      yield { kind: 'result', result: value }
      return
    }
    yield { kind: 'progress', ...value }
    await new Promise<void>((resolve) => setImmediate(resolve)) // lets a stop be heard
  }
}
