// The kernels in plain TypeScript: slow and obvious. Every device is measured against these; they are also the last
// resort.
import type { Kernels } from './kernels.ts'
import { attentionKernels } from './reference/attention.ts'
import { embeddingKernels } from './reference/embedding.ts'
import { geluKernels } from './reference/gelu.ts'
import { layerNormKernels } from './reference/layer-norm.ts'
import { linearKernels } from './reference/linear.ts'
import { lossKernels } from './reference/loss.ts'
import { optimizerKernels } from './reference/optimizer.ts'
import { createStorage, numbers, type Precision } from './reference/storage.ts'

/**
 * Sums are kept in double precision, stored numbers in `precision`: 'double' is for finite differences in tests alone.
 */
export function createReferenceKernels(precision: Precision = 'single'): Kernels {
  const storage = createStorage(precision)
  return {
    device: 'plain TypeScript, one thread',
    tensor: storage.tensor,
    ids: storage.ids,
    // In double precision the caller gets what is held, digits and all; only tests ask for that.
    read: async (tensor) => numbers(tensor).slice() as Float32Array,
    write(into, data) {
      const target = numbers(into)
      if (data.length !== target.length)
        throw new Error(`${data.length} numbers do not fill the shape [${into.shape.join(', ')}]`)
      target.set(data)
    },
    fill: (into, value) => void numbers(into).fill(value),
    axpy(into, scale, from) {
      const target = numbers(into)
      const source = numbers(from)
      for (let i = 0; i < target.length; i++) target[i] += scale * source[i]
    },
    memory: storage.memory,
    ...embeddingKernels(storage),
    ...layerNormKernels(storage),
    ...linearKernels(storage),
    ...geluKernels(storage),
    ...attentionKernels(storage),
    ...lossKernels(storage),
    ...optimizerKernels(),
    dispose() {},
  }
}
