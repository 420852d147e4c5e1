// Gathers what a training says for a moment, then writes it in one transaction and tells it as one piece of news.
import { lawLossOf, type RunSummary } from '#shared/run.ts'
import type { News } from '#main/lab/news.ts'
import type { RunRecord, TrainRecord } from '#main/core/training/records.ts'
import type { RecordBatch, RunStore } from './run-store.ts'

/** How long records are gathered. */
const gatherMs = 100
/** How often a run's summary is told while it trains. */
const summaryMs = 250
const scoringMessage = 'Scoring the whole validation split.'
/** Tokens per second are measured over so long, and over so many steps: one validation between is not the speed. */
const speedMs = 5000
const speedSteps = 30

export interface Recorder {
  readonly summary: RunSummary
  take(record: RunRecord): void
  /** Changes the summary in memory: it is written with the next records. */
  set(changes: Partial<RunSummary>): void
  /** Writes and tells what was gathered. `durable`: on the disk when it returns. */
  flush(how?: 'durable' | 'relaxed'): void
  /** The same if the store takes it: whoever looks is shown what there is, and how a training ended is known anyway. */
  offer(): void
}

export function createRecorder(
  first: RunSummary,
  tokensInAll: number,
  store: RunStore,
  news: Pick<News, 'tell'>,
  nowMs: () => number,
): Recorder {
  let summary = first
  let batch: RecordBatch = { steps: [], validations: [], samples: [] }
  let timer: ReturnType<typeof setTimeout> | null = null
  let flushTookMs = 0
  let toldMs = 0
  let recent: { tokens: number; elapsedMs: number }[] = []
  let trouble: unknown = null
  /** What there was to say before the whole split was scored. */
  let said: string | null = null

  const flush = (how: 'durable' | 'relaxed' = 'relaxed'): void => {
    if (timer) clearTimeout(timer)
    timer = null
    const { steps, validations, samples } = batch
    if (steps.length + validations.length + samples.length === 0) return
    const startMs = nowMs()
    store.append(summary, batch, how)
    flushTookMs = nowMs() - startMs
    batch = { steps: [], validations: [], samples: [] }
    news.tell('records', { runId: summary.id, steps, validations, samples })
    if (nowMs() - toldMs >= summaryMs) tell()
  }
  const tell = () => {
    toldMs = nowMs()
    news.tell('run', summary)
  }
  const change = (changes: Partial<RunSummary>): void => {
    flush()
    summary = { ...summary, ...changes }
    store.write(summary)
    tell()
  }
  /** A slow disk is asked less often, so that the host stays responsive. */
  const flushSoon = () => {
    timer ??= setTimeout(
      () => {
        try {
          flush()
        } catch (error) {
          trouble = error // a full disk ends the run, not the lab: the next record finds it
        }
      },
      Math.max(gatherMs, 10 * flushTookMs),
    )
  }

  const takeStep = ({ record, peakBytes, noise }: Extract<TrainRecord, { kind: 'step' }>): void => {
    batch.steps.push(record)
    recent.push({ tokens: record.tokens, elapsedMs: record.elapsedMs })
    while (recent.length > speedSteps + 1 && record.elapsedMs - recent[0].elapsedMs > speedMs) recent.shift()
    const ms = record.elapsedMs - recent[0].elapsedMs
    const tokensPerSecond = ms > 0 ? ((record.tokens - recent[0].tokens) / ms) * 1000 : summary.tokensPerSecond
    summary = {
      ...summary,
      step: record.step,
      tokens: record.tokens,
      loss: record.loss,
      elapsedMs: record.elapsedMs,
      tokensPerSecond,
      secondsLeft: tokensPerSecond ? (tokensInAll - record.tokens) / tokensPerSecond : summary.secondsLeft,
      peakBytes,
      ...(noise ? { noise } : {}),
    }
  }

  return {
    get summary() {
      return summary
    },
    set: (changes) => void (summary = { ...summary, ...changes }),
    take: (record) => {
      if (trouble) throw trouble
      if (record.kind === 'started') {
        recent = []
        summary = {
          ...summary,
          ...standing(store, summary.id, record.step),
          state: 'running',
          device: record.device,
          checkpoints: record.checkpoints,
          message: record.message,
        }
        store.rewind(summary)
        tell()
        return
      }
      if (record.kind === 'streaming') {
        summary = { ...summary, streaming: record.steps[record.steps.length - 1] }
        news.tell('streaming', { runId: summary.id, steps: record.steps })
        return
      }
      if (record.kind === 'checkpointing') return flush('durable')
      if (record.kind === 'checkpoint') return change({ checkpoints: record.checkpoints })
      if (record.kind === 'scoring') {
        said = summary.message
        return change({ message: scoringMessage })
      }
      if (record.kind === 'step') takeStep(record)
      if (record.kind === 'validation') {
        batch.validations.push(record.record)
        const { step, loss, whole } = record.record
        summary = {
          ...summary,
          validationLoss: lawLossOf(record.record),
          bestValidationLoss: Math.min(loss, summary.bestValidationLoss ?? loss),
          ...(whole && step === summary.steps ? { whole } : {}),
          ...(whole ? { message: said } : {}),
        }
      }
      if (record.kind === 'sample') batch.samples.push(record.record)
      flushSoon()
    },
    flush,
    offer: () => {
      try {
        flush()
      } catch {
        // it is tried again with the next record, or comes again when the run goes on from its checkpoint
      }
    },
  }
}

/** Where a run stands at a step, from its own records. */
function standing(store: RunStore, id: string, step: number): Partial<RunSummary> {
  const at = store.stepAt(id, step)
  const validation = store.lastValidation(id, step)
  return {
    step,
    tokens: at?.tokens ?? 0,
    loss: at?.loss ?? null,
    elapsedMs: at?.elapsedMs ?? 0,
    validationLoss: validation && lawLossOf(validation),
    bestValidationLoss: store.bestValidation(id, step),
    tokensPerSecond: null,
  }
}
