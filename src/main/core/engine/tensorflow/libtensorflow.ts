// TensorFlow.js on libtensorflow: the package @tensorflow/tfjs-node-gpu, on the CPU or the CUDA build, set up by `npm
// run setup:tensorflow`.
import { availableParallelism, cpus } from 'node:os'
import { join } from 'node:path'
import util from 'node:util'
import { Fault } from '#shared/fault.ts'
import { firstFile, packageFolder } from '#main/platform/disk/system-files.ts'
import type { Kernels } from '../kernels.ts'
import type { SparseCrossEntropy, Tf, TfTensor } from './context.ts'
import { createTensorflowKernels } from './kernels.ts'
import { defaultOf, loadCore } from './load.ts'

/** What tfjs-node's backend has beyond the ops of core: any op of TensorFlow, by name. */
interface NodeBackend {
  readonly isUsingGpuDevice: boolean
  readonly binding: { TF_Version: string; TF_ATTR_TYPE: number; TF_FLOAT: number; TF_INT32: number }
  executeMultipleOutputs(name: string, attributes: object[], inputs: TfTensor[], outputs: number): TfTensor[]
}

/**
 * Throws Fault 'unavailable' where the binding is missing or does not load. `threads` 0 leaves the choice to
 * TensorFlow.
 */
export async function createLibtensorflowKernels({ threads }: { threads: number }): Promise<Kernels> {
  restoreUtil()
  // Read by libtensorflow when it is loaded, and never again.
  process.env.TF_CPP_MIN_LOG_LEVEL ??= '2'
  if (threads > 0) process.env.TF_NUM_INTRAOP_THREADS ??= String(threads)
  const tf = await loadCore()
  await loadBinding()
  if (!(await tf.setBackend('tensorflow')))
    throw new Fault('unavailable', 'libtensorflow was loaded but could not be started.')
  const backend = tf.backend() as unknown as NodeBackend
  const place = backend.isUsingGpuDevice
    ? 'an NVIDIA GPU'
    : `${threads || (availableParallelism?.() ?? cpus().length)} CPU threads`
  return createTensorflowKernels({
    tf,
    device: `libtensorflow ${backend.binding.TF_Version} on ${place}`,
    crossEntropy: sparseCrossEntropy(tf, backend),
  })
}

async function loadBinding(): Promise<void> {
  try {
    defaultOf(await import('@tensorflow/tfjs-node-gpu'))
  } catch (cause) {
    const details = cause instanceof Error ? cause.message : String(cause)
    throw new Fault('unavailable', `TensorFlow is not set up here: ${explain(details)}`, { cause, details })
  }
}

function explain(message: string): string {
  if (message.includes('did not self-register'))
    return 'it is already loaded in another thread of this process; it needs a process of its own.'
  const missing = /Cannot find (package|module) '@tensorflow/.test(message)
    ? 'its package is missing.'
    : 'its native library is missing or does not load.'
  const root = packageFolder('isoflop')
  const canSetUp = root !== null && firstFile([join(root, 'scripts/setup-tensorflow.mjs')]) !== null
  return `${missing} ${canSetUp ? 'Run: npm run setup:tensorflow' : 'The packaged app goes without it; the lab run from its source can be given it.'}`
}

/** Softmax, loss and gradient in one op of TensorFlow. */
function sparseCrossEntropy(tf: Tf, backend: NodeBackend): SparseCrossEntropy {
  const { TF_ATTR_TYPE, TF_FLOAT, TF_INT32 } = backend.binding
  const attributes = [
    { name: 'T', type: TF_ATTR_TYPE, value: TF_FLOAT },
    { name: 'Tlabels', type: TF_ATTR_TYPE, value: TF_INT32 },
  ]
  return (logits, targets) => {
    const [losses, gradient] = backend.executeMultipleOutputs(
      'SparseSoftmaxCrossEntropyWithLogits',
      attributes,
      [logits, targets],
      2,
    )
    return { losses, gradient: () => gradient }
  }
}

/** tfjs-node 4.22 calls two functions that Node 23 removed. */
function restoreUtil(): void {
  const old = util as unknown as Record<string, unknown>
  old.isNullOrUndefined ??= (value: unknown) => value === null || value === undefined
  old.isArray ??= Array.isArray
}
