// Learning-rate transfer: every width is trained briefly at every peak rate; under muP the best one should be the same
// for all.
import type { CheckModel, CheckPlan, CheckRecord, TransferPoint } from '#shared/mup/check.ts'
import { shareOf } from '#shared/mup/plan.ts'
import { learningRateAt, type Schedule } from '#shared/family/schedule.ts'
import { Fault } from '#shared/fault.ts'
import type { CheckDeps } from './deps.ts'

/** A model at three times the loss of knowing nothing is past saving; the rest of its steps would tell nothing. */
const hopeless = 3
const warmupShare = 0.1

/** One point for each seed, parametrisation, width and rate, in the plan's order. */
export async function* learningRateSweep(plan: CheckPlan, deps: CheckDeps): AsyncGenerator<CheckRecord> {
  for (const [index, one] of plan.models.entries()) {
    const { parametrisation, width, learningRate, seed } = one
    let part = 0
    const training = trainBriefly(plan, one, deps)
    for (;;) {
      const next = await training.next()
      if (next.done) {
        if (deps.signal.aborted) return
        const point: TransferPoint = { parametrisation, width, learningRate, seed, loss: next.value }
        yield { kind: 'transfer', point, share: shareOf(plan, index + 1) }
        break
      }
      if (next.value - part >= 0.1) {
        part = next.value
        yield { kind: 'progress', share: shareOf(plan, index, part) }
      }
    }
  }
}

/** Yields the share of its steps that are done; its validation loss at the end, null where it diverged. */
async function* trainBriefly(
  plan: CheckPlan,
  { model, learningRate, seed }: CheckModel,
  deps: CheckDeps,
): AsyncGenerator<number, number | null> {
  const { steps, adam } = plan
  const schedule: Schedule = {
    steps,
    warmupSteps: Math.max(1, Math.round(warmupShare * steps)),
    peakLearningRate: learningRate,
    decay: 'linear',
    finalFraction: 0.1,
  }
  const limit = hopeless * Math.log(model.shape.vocabulary)
  const engine = await deps.createEngine(model)
  try {
    for (let step = 0; step < steps; step++) {
      if (deps.signal.aborted) return null
      const loss = await engine.accumulate(deps.batchAt(step, plan.rows, seed), 1)
      if (!(loss < limit)) return null
      await engine.update(learningRateAt(schedule, step), adam)
      yield (step + 1) / steps
    }
    const loss = await engine.loss(deps.validation)
    return loss < limit ? loss : null
  } catch (error) {
    if (error instanceof Fault && error.code === 'diverged') return null
    throw error
  } finally {
    engine.dispose()
  }
}
