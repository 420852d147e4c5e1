// What a run's worker does besides training while it trains on a cluster: gathers its measurements, and kills a process
// when told to.
import type { ClusterPart, StreamingStep } from '#shared/cluster/live.ts'
import type { Asks } from '#main/platform/processes/serve.ts'
import type { StreamingEngine } from './engine.ts'

/** How long measurements are gathered. */
const gatherMs = 200
/** More steps than these in one message are left out but for the last: a tiny model does thousands a second. */
const mostSteps = 64

export interface Gathered {
  add(step: StreamingStep): void
  /** What came since the last time, where that is long enough ago or `isLast`; else nothing. */
  take(nowMs: number, isLast?: boolean): StreamingStep[]
}

export function gatherSteps(): Gathered {
  const steps: StreamingStep[] = []
  let toldMs = -Infinity
  return {
    add(step) {
      steps.push(step)
      if (steps.length > mostSteps) steps.shift()
    },
    take(nowMs, isLast = false) {
      if (steps.length === 0 || (!isLast && nowMs - toldMs < gatherMs)) return []
      toldMs = nowMs
      return steps.splice(0)
    },
  }
}

/** Listens until the job ends. */
export async function followRequests(asks: Asks, engine: Pick<StreamingEngine, 'killPart'>): Promise<void> {
  for (;;) {
    const request = (await asks.next()) as { kill?: ClusterPart } | null
    if (request === null) return
    if (request.kill !== undefined) engine.killPart(request.kill)
  }
}
