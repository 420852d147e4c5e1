// A GPT a few numbers wide, and a batch for it.
import type { Batch } from '#main/core/engine/engine.ts'
import type { AdamSettings, ModelPlan } from '#shared/family/model.ts'
import { createDice } from './numbers.ts'

export const adam: AdamSettings = { beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0.1, clipNorm: 1 }

/** Two blocks of width 12 with every scale away from 1, so that a forgotten one shows. */
export function tinyModel(overrides: Partial<ModelPlan> = {}): ModelPlan {
  return {
    shape: { layers: 2, width: 12, heads: 3, context: 7, vocabulary: 13 },
    activation: 'gelu',
    parametrisation: {
      embeddingScale: 1.5,
      attentionScale: 0.4,
      outputScale: 0.7,
      initStd: { embedding: 0.3, position: 0.2, matrix: 0.3, residual: 0.15 },
      learningRateScale: { embedding: 1, position: 0.9, norm: 0.8, bias: 0.7, matrix: 0.5, residual: 0.6 },
    },
    seed: 7,
    ...overrides,
  }
}

/** Random tokens and targets; one target in five is not scored. */
export function randomBatch({ shape }: ModelPlan, rows: number, columns = shape.context, seed = 3): Batch {
  const dice = createDice(seed)
  const inputs = dice.integers(rows * columns, 0, shape.vocabulary)
  const targets = dice.integers(rows * columns, 0, shape.vocabulary).map((id, n) => (n % 5 === 3 ? -1 : id))
  return { inputs, targets, rows, columns }
}
