// A run as news tells of it, for tests that only look at a few of its fields.
import type { RunSummary } from '#shared/run.ts'

export function runSummary(changes: Partial<RunSummary> = {}): RunSummary {
  return {
    id: 'run',
    studyId: 'study',
    memberId: 'member',
    name: '30 k',
    state: 'running',
    step: 0,
    steps: 100,
    tokens: 0,
    parameters: 30_000,
    flops: 1e12,
    flopsPerToken: 1e5,
    loss: null,
    validationLoss: null,
    bestValidationLoss: null,
    tokensPerSecond: null,
    secondsLeft: null,
    elapsedMs: 0,
    engine: 'reference',
    device: null,
    peakBytes: null,
    createdMs: 0,
    finishedMs: null,
    checkpoints: [],
    message: null,
    ...changes,
  }
}
