// The trainable tensors of one GPT on a device, by name and by place, with what the optimizer keeps beside each.
import { countParameters, listParameters, type ParameterInfo } from '#shared/family/shape.ts'
import type { ModelPlan } from '#shared/family/model.ts'
import { initialValues } from './init.ts'
import type { Kernels, ModelWeights, Parameter, Tensor } from './kernels.ts'
import { countOf } from './shapes.ts'

export interface HeldWeights {
  /** How many numbers the model holds; equals countParameters. */
  readonly count: number
  readonly infos: readonly ParameterInfo[]
  readonly values: ModelWeights
  /** The value tensor of one parameter. */
  value(name: string): Tensor
  /** Gradients and moments, made when first asked for: a model that only reads text needs none. */
  training(): { parameters: readonly Parameter[]; gradients: ModelWeights }
  dispose(): void
}

/** The plan's initial values, or the given ones. */
export function holdWeights(
  kernels: Kernels,
  model: ModelPlan,
  given?: ReadonlyMap<string, Float32Array>,
): HeldWeights {
  const infos = listParameters(model.shape)
  const zeros = () => {
    const shapes = infos.map(({ shape }) => shape)
    return kernels.together?.(shapes) ?? shapes.map((shape) => kernels.tensor(shape))
  }
  const valueTensors = zeros()
  const values = new Map(infos.map(({ name }, i) => [name, valueTensors[i]]))
  const counts = infos.map(({ shape }) => countOf(shape))
  // One array for all: collected late, an array for each would be the largest thing beside the model.
  const space = given ? undefined : new Float32Array(Math.max(...counts))
  for (const [i, info] of infos.entries())
    kernels.write(valueTensors[i], given ? valuesOf(given, info) : initialValues(info, model, space))
  const count = counts.reduce((sum, one) => sum + one, 0)
  if (count !== countParameters(model.shape))
    throw new Error(`${count} numbers held, ${countParameters(model.shape)} counted`)
  const byPlace = (tensors: ReadonlyMap<string, Tensor>) => placeWeights(tensors, model.shape.layers)

  let training: { parameters: Parameter[]; gradients: ModelWeights } | null = null
  function startTraining() {
    const [gradients, firstMoments, secondMoments] = [zeros(), zeros(), zeros()]
    const parameters = infos.map(({ name, kind, decays }, i): Parameter => ({
      name,
      value: values.get(name)!,
      gradient: gradients[i],
      firstMoment: firstMoments[i],
      secondMoment: secondMoments[i],
      decays,
      learningRateScale: model.parametrisation.learningRateScale[kind],
    }))
    return { parameters, gradients: byPlace(new Map(parameters.map(({ name, gradient }) => [name, gradient]))) }
  }
  return {
    count,
    infos,
    values: byPlace(values),
    value: (name) => values.get(name)!,
    training: () => (training ??= startTraining()),
    dispose() {
      for (const value of values.values()) value.dispose()
      for (const { gradient, firstMoment, secondMoment } of training?.parameters ?? []) {
        for (const tensor of [gradient, firstMoment, secondMoment]) tensor.dispose()
      }
    },
  }
}

function valuesOf(given: ReadonlyMap<string, Float32Array>, { name }: ParameterInfo): Float32Array {
  const values = given.get(name)
  if (!values) throw new Error(`the given weights have no ${name}`)
  return values
}

/** From Hugging Face's names to the places where the tensors act. */
export function placeWeights(tensors: ReadonlyMap<string, Tensor>, layers: number): ModelWeights {
  const get = (name: string) => {
    const tensor = tensors.get(name)
    if (!tensor) throw new Error(`no parameter is called ${name}`)
    return tensor
  }
  const norm = (name: string) => ({ gain: get(`${name}.weight`), bias: get(`${name}.bias`) })
  const linear = (name: string) => ({ weight: get(`${name}.weight`), bias: get(`${name}.bias`) })
  return {
    tokens: get('wte.weight'),
    positions: get('wpe.weight'),
    blocks: Array.from({ length: layers }, (_, i) => ({
      norm1: norm(`h.${i}.ln_1`),
      attention: linear(`h.${i}.attn.c_attn`),
      projection: linear(`h.${i}.attn.c_proj`),
      norm2: norm(`h.${i}.ln_2`),
      expand: linear(`h.${i}.mlp.c_fc`),
      contract: linear(`h.${i}.mlp.c_proj`),
    })),
    final: norm('ln_f'),
  }
}
