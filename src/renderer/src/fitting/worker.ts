// The thread that fits while the window stays free.
import { fitJobs, type FitKind, type FitRequest } from './jobs.ts'

const scope = self as unknown as {
  onmessage: <K extends FitKind>(event: MessageEvent<{ kind: K; request: FitRequest<K> }>) => void
  postMessage: (message: unknown) => void
}
scope.onmessage = ({ data: { kind, request } }) =>
  scope.postMessage((fitJobs[kind] as (request: unknown) => unknown)(request))
