import { beforeEach, describe, expect, it, vi, afterEach } from 'vitest'
import type { RunSummary, StepRecord } from '#shared/run.ts'
import type { LabNews, NewsKind } from '#shared/lab.ts'
import { createRecorder } from '#main/lab/runs/recorder.ts'
import type { RecordBatch, RunStore } from '#main/lab/runs/run-store.ts'
import { runSummary } from '../../../support/run-summary.ts'

const step = (n: number): StepRecord => ({
  step: n,
  tokens: 100 * n,
  loss: 5 / n,
  gradientNorm: 1,
  learningRate: 0.1,
  elapsedMs: 10 * n,
})
const taken = (n: number) => ({ kind: 'step' as const, record: step(n), peakBytes: 7 })

let written: { summary: RunSummary; batch: RecordBatch; how: string }[]
let told: { kind: NewsKind; news: unknown }[]
let diskIsFull: boolean
beforeEach(() => {
  vi.useFakeTimers()
  written = []
  told = []
  diskIsFull = false
})
afterEach(() => vi.useRealTimers())

function recorder() {
  const store = {
    append: (summary: RunSummary, batch: RecordBatch, how: string) => {
      if (diskIsFull) throw new Error('database or disk is full')
      written.push({ summary, batch, how })
    },
    write: () => undefined,
    rewind: () => undefined,
    stepAt: () => null,
    lastValidation: () => null,
    bestValidation: () => null,
  } as Partial<RunStore> as RunStore
  const tell = <K extends NewsKind>(kind: K, news: LabNews[K]) => void told.push({ kind, news })
  return createRecorder(runSummary({ state: 'running' }), 1000, store, { tell }, Date.now)
}

describe('the recorder', () => {
  it('gathers for 100 ms, then writes once and tells once', () => {
    const one = recorder()
    for (const n of [1, 2, 3]) one.take(taken(n))
    vi.advanceTimersByTime(99)
    expect(written).toEqual([])
    vi.advanceTimersByTime(1)
    expect(written.map(({ batch, how }) => [batch.steps, how])).toEqual([[[step(1), step(2), step(3)], 'relaxed']])
    expect(told.filter(({ kind }) => kind === 'records').map(({ news }) => (news as RecordBatch).steps.length)).toEqual(
      [3],
    )
    expect(written[0].summary).toMatchObject({
      step: 3,
      tokens: 300,
      loss: 5 / 3,
      peakBytes: 7,
      tokensPerSecond: 10_000,
      secondsLeft: 0.07,
    })
  })

  it('measures the speed over steps, so that a long validation between two of them is not the speed', () => {
    const one = recorder()
    const validationMs = 60_000
    const at = (n: number) => 1000 * n + (n > 50 ? validationMs : 0)
    for (let n = 1; n <= 51; n++) one.take({ ...taken(n), record: { ...step(n), elapsedMs: at(n) } })
    expect(one.summary.tokensPerSecond).toBeCloseTo((30 * 100) / (30 + validationMs / 1000), 6)
    for (let n = 52; n <= 90; n++) one.take({ ...taken(n), record: { ...step(n), elapsedMs: at(n) } })
    expect(one.summary.tokensPerSecond).toBeCloseTo(100, 6)
  })

  it('makes all records durable before a checkpoint is written', () => {
    const one = recorder()
    one.take(taken(1))
    one.take({ kind: 'checkpointing', step: 1, awaitsHost: true })
    expect(written.map(({ batch, how }) => [batch.steps.length, how])).toEqual([[1, 'durable']])
    vi.advanceTimersByTime(1000)
    expect(written.length).toBe(1)
  })

  it('tells how a run goes four times a second at most', () => {
    const one = recorder()
    for (let n = 1; n <= 100; n++) {
      one.take(taken(n))
      vi.advanceTimersByTime(20)
    }
    const runs = told.filter(({ kind }) => kind === 'run').length
    expect(runs).toBeGreaterThan(3)
    expect(runs).toBeLessThanOrEqual(9) // in two seconds
  })

  it('keeps the best validation loss beside the last', () => {
    const one = recorder()
    for (const [n, loss] of [
      [1, 4],
      [2, 3],
      [3, 3.5],
    ])
      one.take({ kind: 'validation', record: { step: n, tokens: n, loss, elapsedMs: n } })
    expect(one.summary).toMatchObject({ validationLoss: 3.5, bestValidationLoss: 3 })
  })

  it('a full disk ends the run and not the lab', () => {
    const one = recorder()
    one.take(taken(1))
    diskIsFull = true
    expect(() => vi.advanceTimersByTime(200)).not.toThrow()
    expect(() => one.take(taken(2))).toThrow('disk is full')
  })

  it('on a full disk who looks is shown what there is, and nothing is lost', () => {
    const one = recorder()
    one.take(taken(1))
    diskIsFull = true
    expect(() => one.offer()).not.toThrow()
    diskIsFull = false
    one.offer()
    expect(written.map(({ batch }) => batch.steps.length)).toEqual([1])
  })
})
