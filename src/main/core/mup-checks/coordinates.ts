// The coordinate check: models of growing width take the same first steps, and the size of what they hold is read after
// each.
import type { CheckPlan, CheckRecord, CoordinatePoint } from '#shared/mup/check.ts'
import { shareOf } from '#shared/mup/plan.ts'
import type { Activation, ObservedEngine } from '#main/core/engine/engine.ts'
import type { CheckDeps } from './deps.ts'

/** Sequences whose activations are read. */
const observedRows = 2
/** Readings of one model at most, evenly spaced, with the first and the last. */
const mostReadings = 50

/**
 * Standard parametrisation and muP, narrow to wide; constant learning rate, no warmup: the first steps are what is
 * looked at.
 */
export async function* coordinateCheck(
  plan: CheckPlan,
  { createEngine, batchAt, signal }: CheckDeps,
): AsyncGenerator<CheckRecord> {
  const every = Math.ceil(plan.steps / mostReadings)
  const observed = batchAt(plan.steps, observedRows)
  for (const [index, { model, parametrisation, width, learningRate }] of plan.models.entries()) {
    const engine = await createEngine(model)
    try {
      const start = await engine.activations(observed)
      const inspect = async (step: number): Promise<CheckRecord> => {
        const points = (step === 0 ? start : await engine.activations(observed)).map(
          (activation, i): CoordinatePoint => ({
            parametrisation,
            width,
            step,
            place: activation.place,
            block: activation.block,
            rms: rootMeanSquare(activation),
            change: rootMeanSquare(activation, start[i]),
          }),
        )
        return { kind: 'coordinates', points, share: shareOf(plan, index, step / plan.steps) }
      }
      yield await inspect(0)
      for (let step = 0; step < plan.steps; step++) {
        if (signal.aborted) return
        await learn(engine, plan, batchAt(step, plan.rows), learningRate)
        if ((step + 1) % every === 0 || step + 1 === plan.steps) yield await inspect(step + 1)
        else yield { kind: 'progress', share: shareOf(plan, index, (step + 1) / plan.steps) }
      }
    } finally {
      engine.dispose()
    }
  }
}

async function learn(
  engine: ObservedEngine,
  { adam }: CheckPlan,
  batch: Parameters<ObservedEngine['accumulate']>[0],
  learningRate: number,
): Promise<void> {
  await engine.accumulate(batch, 1)
  await engine.update(learningRate, adam)
}

/** Of the values, or of their difference from `from`. In double precision. */
function rootMeanSquare({ values }: Activation, from?: Activation): number {
  let sum = 0
  for (let i = 0; i < values.length; i++) sum += (values[i] - (from ? from.values[i] : 0)) ** 2
  return Math.sqrt(sum / values.length)
}
