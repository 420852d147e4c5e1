// A tiny training by an engine's port alone: the same batches, weights and learning rates whatever trains.
import type { ModelPlan } from '#shared/family/model.ts'
import { createRandom } from '#shared/random.ts'
import type { Batch, Engine } from '#main/core/engine/engine.ts'

export const tinyClusterModel: ModelPlan = {
  shape: { layers: 3, width: 8, heads: 2, context: 8, vocabulary: 29 },
  activation: 'gelu',
  seed: 5,
  parametrisation: {
    embeddingScale: 1,
    attentionScale: 1 / 2,
    outputScale: 1,
    initStd: { embedding: 0.1, position: 0.1, matrix: 0.2, residual: 0.1 },
    learningRateScale: { embedding: 1, position: 1, norm: 1, bias: 1, matrix: 1, residual: 1 },
  },
}
const adam = { beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0.1, clipNorm: 1 }

/** Text with a pattern that can be learned; depends on the step alone. */
export function tinyBatch(step: number, rows: number, { context, vocabulary }: ModelPlan['shape']): Batch {
  const random = createRandom(1000 + step)
  const inputs = new Int32Array(rows * context)
  const targets = new Int32Array(rows * context)
  for (let row = 0; row < rows; row++) {
    let id = random.integer(vocabulary)
    for (let i = 0; i < context; i++) {
      inputs[row * context + i] = id
      id = (3 * id + 1 + (random.next() < 0.2 ? 1 : 0)) % vocabulary
      targets[row * context + i] = id
    }
  }
  return { inputs, targets, rows, columns: context }
}

export interface TinyStep {
  loss: number
  norm: number
}

/** `rows` of each micro-batch. */
export async function trainTiny(
  engine: Engine,
  steps: number,
  micros: readonly number[] = [5],
  from = 0,
): Promise<TinyStep[]> {
  const rows = micros.reduce((sum, one) => sum + one, 0)
  const found: TinyStep[] = []
  for (let step = from; step < from + steps; step++) {
    let loss = 0
    for (const [i, count] of micros.entries())
      loss +=
        (await engine.accumulate(tinyBatch(step * 10 + i, count, engine.model.shape), count / rows)) * (count / rows)
    found.push({ loss, norm: await engine.update(0.01, adam) })
  }
  return found
}
