// One text on the native engine: what it keeps of the tokens before, and a whole model over one token more in a single
// call.
import type { Activation } from '#shared/family/shape.ts'
import type { ModelPlan } from '#shared/family/model.ts'
import type { ModelWeights, Tensor } from '../kernels.ts'
import { checkGeometry } from '../shapes.ts'
import type { SplitCache } from '../split-cache.ts'
import { checked, type NativeContext, type NativeTensor, shaped } from './memory.ts'

export type NativeCache = SplitCache<NativeTensor>

export const geluForm: Record<Activation, number> = { gelu: 1, gelu_new: 2 }

/**
 * Kernels.nextToken. Shapes never change, so they are checked once; addresses end with their tensors, so they are asked
 * for at every call.
 */
export function nextToken(
  context: NativeContext,
  w: ModelWeights,
  model: ModelPlan,
  caches: readonly NativeCache[],
): (id: number) => Float32Array {
  const { library, handle } = context
  const { layers, width, heads, vocabulary } = model.shape
  const { embeddingScale, attentionScale, outputScale } = model.parametrisation
  checkGeometry({ rows: 1, context: 1, heads, scale: attentionScale }, 1, width)
  if (w.blocks.length !== layers || caches.length !== layers)
    throw new Error(`${w.blocks.length} blocks and ${caches.length} caches for ${layers} layers`)
  const capacity = Math.min(w.positions.shape[0], ...caches.map((cache) => cache.capacity))
  const tensors = listTensors(context, w, caches, width, vocabulary)
  const addresses = new Float64Array(tensors.length)
  return (id) => {
    const held = caches[0].length
    if (!Number.isInteger(id) || id < 0 || id >= vocabulary)
      throw new Error(`token ${id} is outside a vocabulary of ${vocabulary}`)
    if (held >= capacity) throw new Error(`${held} + 1 tokens do not fit ${capacity}`)
    if (caches.some(({ length }) => length !== held))
      throw new Error(`caches of ${caches.map(({ length }) => length).join(', ')} tokens do not hold one text`)
    for (let i = 0; i < addresses.length; i++) addresses[i] = tensors[i].address
    const logits = new Float32Array(vocabulary)
    const sizes = [layers, width, heads, vocabulary, held, capacity]
    const scales = [embeddingScale, attentionScale, outputScale]
    const gelu = geluForm[model.activation]
    checked(library.isf_next_token(handle, addresses, ...sizes, gelu, ...scales, id, logits))
    for (const cache of caches) cache.length++
    return logits
  }
}

/** As isf_next_token (src/native/api.h) takes them. */
function listTensors(
  context: NativeContext,
  { tokens, positions, blocks, final }: ModelWeights,
  caches: readonly NativeCache[],
  width: number,
  vocabulary: number,
): NativeTensor[] {
  const all: [what: string, tensor: Tensor, ...shape: number[]][] = [
    ['tokens', tokens, vocabulary, width],
    ['positions', positions, positions.shape[0], width],
    ['gain', final.gain, width],
    ['bias', final.bias, width],
  ]
  blocks.forEach(({ norm1, attention, projection, norm2, expand, contract }, i) => {
    const { rows, capacity, keys, values } = caches[i]
    if (rows !== 1) throw new Error(`a cache of ${rows} sequences does not hold one text`)
    all.push(
      ['gain', norm1.gain, width],
      ['bias', norm1.bias, width],
      ['attention', attention.weight, width, 3 * width],
      ['bias', attention.bias, 3 * width],
      ['projection', projection.weight, width, width],
      ['bias', projection.bias, width],
      ['gain', norm2.gain, width],
      ['bias', norm2.bias, width],
      ['expand', expand.weight, width, 4 * width],
      ['bias', expand.bias, 4 * width],
      ['contract', contract.weight, 4 * width, width],
      ['bias', contract.bias, width],
      ['keys', keys, 1, capacity, width],
      ['values', values, 1, capacity, width],
    )
  })
  return all.map(([what, tensor, ...shape]) => shaped(tensor, context, what, shape))
}
