// The thread that fits while the window stays free.
import { fitJobs, type FitKind, type FitWish } from './jobs.ts'

const scope = self as unknown as {
  onmessage: <K extends FitKind>(event: MessageEvent<{ kind: K; wish: FitWish<K> }>) => void
  postMessage: (message: unknown) => void
}
scope.onmessage = ({ data: { kind, wish } }) => scope.postMessage((fitJobs[kind] as (wish: unknown) => unknown)(wish))
