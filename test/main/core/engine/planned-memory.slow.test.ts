// What a plan says a training holds, beside what engines held.
import { expect, it } from 'vitest'
import { createEngine } from '#main/core/engine/create.ts'
import { trainingBytes } from '#shared/family/memory.ts'
import type { GptShape } from '#shared/family/shape.ts'
import { precisions, type EngineName } from '#shared/engine.ts'
import { buildEmulator, canEmulate } from '../../../support/cuda/build.ts'

const parametrisation = {
  embeddingScale: 1,
  attentionScale: 0.2,
  outputScale: 1,
  initStd: { embedding: 0.02, position: 0.02, matrix: 0.02, residual: 0.02 },
  learningRateScale: { embedding: 1, position: 1, norm: 1, bias: 1, matrix: 1, residual: 1 },
}
const small = { layers: 4, width: 128, heads: 4, context: 128, vocabulary: 2048 }
const tiny = { layers: 4, width: 64, heads: 2, context: 64, vocabulary: 256 }
const cases: [EngineName, GptShape, rows: number][] = [['native', small, 16]]
if (canEmulate) cases.push(['cuda', tiny, 4])

for (const [engine, shape, rows] of cases)
  for (const precision of precisions)
    it(`${engine} in ${precision} holds no more than planned, and not much less`, async () => {
      if (engine === 'cuda') process.env.ISOFLOP_LIBCUDA = buildEmulator()
      const gpt = await createEngine(
        engine,
        { shape, activation: 'gelu', seed: 1, parametrisation },
        { threads: 1, precision },
      )
      const ids = Int32Array.from({ length: rows * shape.context }, (_, i) => (7 * i) % shape.vocabulary)
      await gpt.accumulate({ inputs: ids, targets: ids, rows, columns: shape.context }, 1)
      await gpt.update(1e-3, { beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0.1, clipNorm: 1 })
      const share = gpt.memory().peakBytes / trainingBytes(shape, rows, { precision, isOnCard: engine === 'cuda' })
      gpt.dispose()
      expect(share).toBeGreaterThan(0.8)
      expect(share).toBeLessThan(1.03)
    })
