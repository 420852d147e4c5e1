// The training loop: accumulate, update, record; validate, sample and save at intervals. Pulled, not pushed: nobody
// asks, nothing trains.
import { rounded } from '#shared/numbers.ts'
import { Fault, toFaultData } from '#shared/fault.ts'
import { adamOf } from '#shared/family/parametrisation.ts'
import { learningRateAt, cooldownEnds, scheduleOf } from '#shared/family/schedule.ts'
import { isNoiseDue, noiseScaleOf, noNoise, withMeasurement } from '#shared/noise-scale.ts'
import type { RunPlan, SplitScore, ValidationRecord } from '#shared/run.ts'
import type { Batch, Engine, ModelState } from '#main/core/engine/engine.ts'
import { batchSequencesAt, sequencesBefore } from '#shared/family/batch-size.ts'
import type { TrainCursor } from './cursor.ts'
import { isDue, keptCheckpoints } from './intervals.ts'
import type { TrainOutcome, TrainRecord } from './records.ts'
import { scoreBlocks, type SplitBlocks } from './score-split.ts'

export interface TrainDeps {
  engine: Engine
  /** Training sequences `first` to `first + count`, counted from the beginning of the run. */
  sequences: (first: number, count: number) => Batch
  /** The validation split; null where the text has none. */
  validation: SplitBlocks | null
  /** A continuation of the run's prompt by the weights as they are. */
  sample: () => Promise<string>
  /** Writes a checkpoint atomically. */
  save: (state: ModelState, cursor: TrainCursor) => Promise<void>
  /** Removes all checkpoints but these; returns what then lies on disk, ascending. */
  keep: (steps: number[]) => Promise<number[]>
  /** Where to go on: the engine holds this state already. null for a beginning. */
  cursor: TrainCursor | null
  nowMs: () => number
  signal: AbortSignal
}

/**
 * Trains from where `deps.cursor` says to the end of the plan, or until asked to stop; either way the last step is
 * saved.
 */
export async function* train(plan: RunPlan, deps: TrainDeps): AsyncGenerator<TrainRecord, TrainOutcome> {
  const { engine, signal, nowMs } = deps
  const { steps } = plan.member
  const { context } = plan.member.shape
  const schedule = scheduleOf(plan.member, plan.recipe)
  const cooldowns = cooldownEnds(schedule) // a loss right after a decay belongs on the law
  const adam = adamOf(plan.member, plan.recipe)
  const sessionStartMs = nowMs()
  const before = deps.cursor
  let cursor: TrainCursor = before ?? { step: 0, tokens: 0, elapsedMs: 0, bestValidation: null, saved: [] }
  const elapsedMs = () => (before?.elapsedMs ?? 0) + nowMs() - sessionStartMs
  const loss = (batch: Batch) => engine.loss(batch)
  let latest = null as ValidationRecord | null
  async function* scorePart(): AsyncGenerator<TrainRecord, void> {
    const { step, tokens } = cursor
    const part = deps.validation && (await scoreBlocks(loss, deps.validation.part()))
    if (!part) return
    checkScore(plan, step, part)
    if (!cursor.bestValidation || part.loss < cursor.bestValidation.loss)
      cursor = { ...cursor, bestValidation: { step, loss: part.loss } }
    latest = { step, tokens, loss: part.loss, elapsedMs: elapsedMs() }
    yield { kind: 'validation', record: latest }
  }
  /** Gives whether it came to its end: it is broken off where the training is asked to stop. */
  async function* scoreWhole(): AsyncGenerator<TrainRecord, boolean> {
    if (latest?.step !== cursor.step) yield* scorePart()
    if (!deps.validation || !latest) return true
    yield { kind: 'scoring', step: cursor.step }
    const whole = await scoreBlocks(loss, deps.validation.whole(), () => signal.aborted)
    if (!whole) return false
    checkScore(plan, cursor.step, whole)
    yield { kind: 'validation', record: { ...latest, whole } }
    return true
  }

  let isScored = cursor.isUnscored ? yield* scoreWhole() : true
  if (isScored) cursor = { ...cursor, isUnscored: undefined }
  while (isScored && cursor.step < steps && !signal.aborted) {
    const rows = batchSequencesAt(plan.member, cursor.step)
    const probed = isNoiseDue(cursor.step, rows)
      ? await engine.gradientNorm?.(deps.sequences(sequencesBefore(plan.member, cursor.step), 1))
      : undefined
    const loss = await accumulate(plan, deps, cursor.step, rows)
    if (loss === null) break // asked to stop in the middle of a step: the half of it leaves no trace
    const step = cursor.step + 1
    if (!Number.isFinite(loss)) throw diverged(plan, step, `The loss became ${loss}`)
    const learningRate = learningRateAt(schedule, cursor.step)
    const gradientNorm = await engine.update(learningRate, adam)
    if (!Number.isFinite(gradientNorm)) throw diverged(plan, step, `The gradient became ${gradientNorm}`)
    const tokens = cursor.tokens + rows * context
    cursor = { ...cursor, step, tokens, elapsedMs: elapsedMs() }
    if (probed !== undefined) {
      const [small, large] = [
        { norm: probed, sequences: 1 },
        { norm: gradientNorm, sequences: rows },
      ]
      cursor = { ...cursor, noise: withMeasurement(cursor.noise ?? noNoise, small, large) }
    }
    const noise = probed !== undefined ? noiseScaleOf(cursor.noise!, context) : null
    yield {
      kind: 'step',
      record: { step, tokens, loss, gradientNorm, learningRate, elapsedMs: cursor.elapsedMs },
      peakBytes: engine.memory().peakBytes,
      ...(noise ? { noise } : {}),
    }

    if (isDue(step, plan.validationEverySteps, steps) || cooldowns.includes(step)) yield* scorePart()
    if (step < steps && cooldowns.includes(step) && !(yield* scoreWhole())) {
      isScored = false
      cursor = { ...cursor, isUnscored: true }
      break
    }
    if (isDue(step, plan.sampleEverySteps, steps))
      yield { kind: 'sample', record: { step, text: await sampleText(deps) } }
    if (isDue(step, plan.checkpointEverySteps, steps))
      cursor = yield* checkpoint(deps, { ...cursor, elapsedMs: elapsedMs() })
  }

  if (cursor.step > 0 && cursor.saved[cursor.saved.length - 1] !== cursor.step)
    cursor = yield* checkpoint(deps, { ...cursor, elapsedMs: elapsedMs() })
  // What is a point of the law is saved before it is scored: scoring can be broken off and begin again.
  const isWhole = isScored && cursor.step >= steps && (yield* scoreWhole())
  return { isFinished: isWhole, step: cursor.step }
}

/**
 * Forward and backward of one batch in micro-batches: the mean loss over its tokens, null when asked to stop on the
 * way.
 */
async function accumulate(
  plan: RunPlan,
  { engine, sequences, signal }: TrainDeps,
  step: number,
  rows: number,
): Promise<number | null> {
  const first = sequencesBefore(plan.member, step)
  let loss = 0
  for (let done = 0; done < rows; done += plan.member.microBatchSequences) {
    if (done > 0) {
      await turn()
      if (signal.aborted) return null
    }
    const count = Math.min(plan.member.microBatchSequences, rows - done)
    loss += (await engine.accumulate(sequences(first + done, count), count / rows)) * (count / rows)
  }
  return loss
}

function checkScore(plan: RunPlan, step: number, { loss }: SplitScore): void {
  if (!Number.isFinite(loss)) throw diverged(plan, step, `The validation loss became ${loss}`)
}

/**
 * Saves in two acts. The host is asked first, and the answer means that every record up to this step is safe; a
 * checkpoint is never ahead of its records, so a run resumed from it has lost none and repeats none.
 */
async function* checkpoint(deps: TrainDeps, cursor: TrainCursor): AsyncGenerator<TrainRecord, TrainCursor> {
  yield { kind: 'checkpointing', step: cursor.step, awaitsHost: true }
  const saved = keptCheckpoints([...cursor.saved, cursor.step], cursor.bestValidation?.step ?? null)
  const next = { ...cursor, saved }
  await deps.save(await deps.engine.snapshot(), next)
  yield { kind: 'checkpoint', step: cursor.step, checkpoints: await deps.keep(saved) }
  return next
}

/** Lets a request to stop come in between micro-batches. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

function diverged(plan: RunPlan, step: number, what: string): Fault {
  const peak = rounded(plan.member.peakLearningRate)
  return new Fault(
    'diverged',
    `${what} at step ${step} of ${plan.member.steps}: the training diverged. A lower peak learning rate (it is ${peak}) or a longer warmup (it is ${plan.member.warmupSteps} steps) usually helps.`,
  )
}

/** A sample only shows how the model is learning: that one cannot be had is said in its place and ends no training. */
async function sampleText({ sample }: Pick<TrainDeps, 'sample'>): Promise<string> {
  try {
    return await sample()
  } catch (error) {
    return `(No sample: ${toFaultData(error).message})`
  }
}
