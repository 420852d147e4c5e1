// Whether a graphics card and its driver compute right numbers: asked before a person's run is trusted to them.
import { Fault } from '#shared/fault.ts'
import type { ModelPlan } from '#shared/family/model.ts'
import { createRandom } from '#shared/random.ts'
import { createGpt } from './gpt.ts'
import type { Kernels } from './kernels.ts'
import { createReferenceKernels } from './reference.ts'

/** What rounding in fp32 alone cannot make. */
const moreThanRounding = 1e-3

/**
 * Three steps of a small GPT, so that what a device keeps from one to the next is asked as well, on the card and on the
 * reference. Throws Fault 'unavailable' where they differ by more than `tolerance`, as a share of each number.
 */
export async function checkNumbers(
  kernels: Kernels,
  card: string,
  driver: string,
  tolerance = moreThanRounding,
): Promise<void> {
  const model: ModelPlan = {
    shape: { layers: 2, width: 48, heads: 3, context: 37, vocabulary: 131 },
    activation: 'gelu_new',
    parametrisation: {
      embeddingScale: 1,
      attentionScale: 0.25,
      outputScale: 1,
      initStd: { embedding: 0.1, position: 0.1, matrix: 0.1, residual: 0.05 },
      learningRateScale: { embedding: 1, position: 1, norm: 1, bias: 1, matrix: 1, residual: 1 },
    },
    seed: 1,
  }
  const train = async (k: Kernels) => {
    const engine = createGpt({ ...k, dispose: () => {} }, 'reference', model)
    const random = createRandom(5)
    const draw = () => Int32Array.from({ length: 3 * 37 }, () => random.integer(131))
    const losses: number[] = []
    for (let step = 0; step < 3; step++) {
      losses.push(await engine.accumulate({ inputs: draw(), targets: draw(), rows: 3, columns: 37 }, 1))
      losses.push(await engine.update(1e-2, { beta1: 0.9, beta2: 0.95, epsilon: 1e-6, weightDecay: 0.1, clipNorm: 1 }))
    }
    losses.push(await engine.loss({ inputs: draw(), targets: draw(), rows: 3, columns: 37 }))
    engine.dispose()
    return losses
  }
  const [actual, expected] = [await train(kernels), await train(createReferenceKernels())]
  const worst = Math.max(...expected.map((value, i) => Math.abs(actual[i] - value) / Math.abs(value)))
  if (worst <= tolerance) return
  throw new Fault(
    'unavailable',
    `The graphics card ${card} computes wrong numbers with its driver ${driver}, so it is passed over; a newer driver may mend it.`,
    { details: `losses and gradient norms: ${actual.join(', ')}; they should be ${expected.join(', ')}` },
  )
}
