// What a model holds while it reads: the numbers behind every block, for checks of how signals grow with the width.
import type { ModelPlan } from '#shared/family/model.ts'
import { blockForward, release } from './block.ts'
import { blockForm, embedForward, headForward } from './embedding-and-head.ts'
import type { Activation, Batch } from './engine.ts'
import type { Kernels, ModelWeights, Tensor } from './kernels.ts'

/** Forward only, one block at a time; the small batch's numbers are copied out as they come. */
export async function readActivations(
  k: Kernels,
  w: ModelWeights,
  model: ModelPlan,
  { inputs, rows, columns }: Pick<Batch, 'inputs' | 'rows' | 'columns'>,
): Promise<Activation[]> {
  const ids = k.ids(inputs)
  const form = blockForm(model, rows, columns)
  let x: Tensor = embedForward(k, w, ids, columns, model)
  ids.dispose()
  let before = await k.read(x)
  const found: Activation[] = [{ place: 'embedding', block: null, values: before }]
  for (const [i, weights] of w.blocks.entries()) {
    const { output, kept } = blockForward(k, weights, x, form)
    const [middle, after] = [await k.read(kept.middle), await k.read(output)]
    const block = i + 1
    found.push({ place: 'attention', block, values: difference(middle, before) })
    found.push({ place: 'mlp', block, values: difference(after, middle) })
    found.push({ place: 'block', block, values: after })
    const { norm1, norm2, attention, hidden, ...rest } = kept // the block's input `x` is one of the rest
    for (const record of [norm1, norm2, attention, hidden, rest]) release(record)
    x = output
    before = after
  }
  const logits = headForward(k, w, x, model)
  found.push({ place: 'logits', block: null, values: await k.read(logits) })
  logits.dispose()
  return found
}

const difference = (a: Float32Array, b: Float32Array): Float32Array => a.map((value, i) => value - b[i])
