// The weights a model starts from: the same on every device, whatever the order in which they are asked for.
import type { ModelPlan } from '#shared/family/model.ts'
import { listParameters, type Activation, type GptShape, type ParameterInfo } from '#shared/family/shape.ts'
import { createRandom } from '#shared/random.ts'
import { countOf } from './shapes.ts'

/** Initial values by parameter name (see listParameters): truncated normal, norms 1 and 0, biases 0. */
export function initialWeights(model: ModelPlan): Map<string, Float32Array> {
  return new Map(listParameters(model.shape).map((parameter) => [parameter.name, initialValues(parameter, model)]))
}

/** Initial values of one parameter, into the front of `space` where it is given. */
export function initialValues(
  { name, shape, kind }: ParameterInfo,
  { parametrisation, seed }: ModelPlan,
  space?: Float32Array,
): Float32Array {
  const count = countOf(shape)
  const values = space?.subarray(0, count) ?? new Float32Array(count)
  if (kind === 'bias') return values.fill(0)
  if (kind === 'norm') return values.fill(name.endsWith('.weight') ? 1 : 0)
  const std = parametrisation.initStd[kind]
  const random = createRandom(seedOf(name, seed))
  for (let i = 0; i < values.length; i++) {
    let z = random.normal()
    while (Math.abs(z) > 2) z = random.normal() // cut at two standard deviations, as Cerebras-GPT does
    values[i] = std * z
  }
  return values
}

/** A model of this shape by GPT-2's own parametrisation (Radford et al. 2019, section 2.3), for measuring speed. */
export const gpt2Plan = (shape: GptShape, activation: Activation = 'gelu'): ModelPlan => ({
  shape,
  activation,
  seed: 1,
  parametrisation: {
    embeddingScale: 1,
    attentionScale: 1 / Math.sqrt(shape.width / shape.heads),
    outputScale: 1,
    initStd: { embedding: 0.02, position: 0.02, matrix: 0.02, residual: 0.02 / Math.sqrt(2 * shape.layers) },
    learningRateScale: { embedding: 1, position: 1, norm: 1, bias: 1, matrix: 1, residual: 1 },
  },
})

/** A seed of its own for each parameter (FNV-1a over the run's seed and the name). */
function seedOf(name: string, seed: number): number {
  let hash = 0x811c9dc5
  for (const character of `${seed}:${name}`) hash = Math.imul(hash ^ character.charCodeAt(0), 0x01000193)
  return hash >>> 0
}
