// An engine that plays back losses and remembers what it was asked; its state is one number, so that resuming can be
// watched.
import type { Batch, Engine, ModelState } from '#main/core/engine/engine.ts'
import type { RunPlan } from '#shared/run.ts'

export interface ScriptedEngine extends Engine {
  accumulated: { first: number; rows: number; weight: number }[]
  rates: number[]
}

/** `lossAt(update)` is the loss of the step that makes update number `update` (1 for the first). */
export function scriptedEngine(
  plan: RunPlan,
  lossAt: (update: number) => number,
  normAt: (update: number) => number = () => 1,
): ScriptedEngine {
  let updates = 0
  const one = (value: number) => new Map([['w', Float32Array.of(value)]])
  const engine: ScriptedEngine = {
    name: 'reference',
    device: 'scripted',
    model: plan.model,
    accumulated: [],
    rates: [],
    accumulate: async (batch: Batch, weight) => {
      engine.accumulated.push({ first: batch.inputs[0], rows: batch.rows, weight })
      return lossAt(updates + 1)
    },
    update: async (learningRate) => {
      engine.rates.push(learningRate)
      return normAt(++updates)
    },
    loss: async (batch) => 10 / (updates + batch.rows),
    score: async () => [],
    scorePrefixTrees: async () => [],
    logits: async () => new Float32Array(0),
    continuation: () => {
      throw new Error('not scripted')
    },
    snapshot: async (): Promise<ModelState> => ({
      updates,
      parameters: one(updates),
      firstMoments: one(0),
      secondMoments: one(0),
    }),
    restore: (state) => {
      updates = state.updates
    },
    memory: () => ({ currentBytes: 1000, peakBytes: 2000 }),
    dispose: () => undefined,
  }
  return engine
}
