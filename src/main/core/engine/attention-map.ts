// What the heads of a layer look at: the weights that attention mixes values with, which the fused kernel never writes
// down.
import type { ModelPlan } from '#shared/family/model.ts'
import { attendWithin, blockForward, blocksInference, release } from './block.ts'
import { blockForm, embedForward } from './embedding-and-head.ts'
import type { Kernels, ModelWeights } from './kernels.ts'

/**
 * softmax(scale · QKᵀ) under the causal mask, [heads, T, T]: queries and keys come from the device's own forward up to
 * the layer, the softmax is worked out here in double precision.
 */
export async function readAttention(
  k: Kernels,
  w: ModelWeights,
  model: ModelPlan,
  inputs: Int32Array,
  layer: number,
): Promise<Float32Array> {
  const { heads, width } = model.shape
  if (!(Number.isInteger(layer) && layer >= 0 && layer < w.blocks.length))
    throw new Error(`there is no layer ${layer} among ${w.blocks.length}`)
  const columns = inputs.length
  const ids = k.ids(inputs)
  const form = blockForm(model, 1, columns)
  const embedded = embedForward(k, w, ids, columns, model)
  ids.dispose()
  const before = w.blocks.slice(0, layer)
  const x = blocksInference(k, before, embedded, model.activation, attendWithin(k, form.geometry))
  const { output, kept } = blockForward(k, w.blocks[layer], x, form)
  const qkv = await k.read(kept.qkv) // [T, 3d]
  output.dispose()
  const { norm1, norm2, attention, hidden, ...rest } = kept
  for (const record of [norm1, norm2, attention, hidden, rest]) release(record)

  const size = width / heads
  const maps = new Float32Array(heads * columns * columns)
  const row = new Float64Array(columns)
  for (let head = 0; head < heads; head++) {
    for (let to = 0; to < columns; to++) {
      const query = to * 3 * width + head * size
      let largest = -Infinity
      for (let from = 0; from <= to; from++) {
        const key = from * 3 * width + width + head * size
        let score = 0
        for (let i = 0; i < size; i++) score += qkv[query + i] * qkv[key + i]
        row[from] = score * form.geometry.scale
        largest = Math.max(largest, row[from])
      }
      let sum = 0
      for (let from = 0; from <= to; from++) sum += row[from] = Math.exp(row[from] - largest)
      for (let from = 0; from <= to; from++) maps[(head * columns + to) * columns + from] = row[from] / sum
    }
  }
  return maps
}
