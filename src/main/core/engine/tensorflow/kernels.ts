// The kernels over TensorFlow.js core ops, the same for every backend; a backend differs in how it is loaded and in its
// cross entropy.
import type { Kernels } from '../kernels.ts'
import { attentionKernels } from './attention.ts'
import { createContext, valueOf, type SparseCrossEntropy, type Tf } from './context.ts'
import { gatheredCrossEntropy, learningKernels } from './learning.ts'
import { rowKernels } from './rows.ts'

export interface TensorflowDevice {
  tf: Tf
  /** For people. */
  device: string
  /** Where the backend has an op of its own. */
  crossEntropy?: SparseCrossEntropy
  /** Whether the backend is fast only at products of matrices that stand upright. */
  turnsFirst?: boolean
  /** What went wrong on the device since the last question, where it does not throw by itself. */
  takeFailure?: () => string | null
}

export function createTensorflowKernels({
  tf,
  device,
  crossEntropy,
  turnsFirst = false,
  takeFailure,
}: TensorflowDevice): Kernels {
  const context = createContext(tf, { crossEntropy: crossEntropy ?? gatheredCrossEntropy(tf), turnsFirst })
  const { scope, hold, replace, addTo } = context
  return {
    device,
    // The data are copied: TensorFlow.js keeps what it is given until the first op wants it.
    tensor: (shape, data) => hold(data ? tf.tensor(data.slice(), [...shape], 'float32') : tf.zeros([...shape])),
    ids: context.holdIds,
    async read(tensor) {
      const data = ((await valueOf(tensor).data()) as Float32Array).slice()
      const failure = takeFailure?.()
      if (failure) throw new Error(`${device}: ${failure}`)
      return data
    },
    write(into, data) {
      const size = into.shape.reduce((product, length) => product * length, 1)
      if (data.length !== size)
        throw new Error(`${data.length} numbers do not fill the shape [${into.shape.join(', ')}]`)
      scope(() => replace(into, tf.tensor(data.slice(), [...into.shape], 'float32')))
    },
    fill: (into, value) => scope(() => replace(into, tf.fill([...into.shape], value))),
    axpy: (into, scale, from) => scope(() => addTo(into, tf.mul(valueOf(from), scale))),
    memory: context.memory,
    ...rowKernels(context),
    ...attentionKernels(context),
    ...learningKernels(context),
    dispose: context.dispose,
  }
}
