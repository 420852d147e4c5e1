// TensorFlow.js on WebAssembly: runs wherever Node does, on one thread.
import { Fault } from '#shared/fault.ts'
import type { Kernels } from '../kernels.ts'
import type { Tf } from './context.ts'
import { createTensorflowKernels } from './kernels.ts'
import { loadCore } from './load.ts'

/** Throws Fault 'unavailable' where the optional packages are missing. */
export async function createWasmKernels(): Promise<Kernels> {
  const tf = await loadCore()
  try {
    await import('@tensorflow/tfjs-backend-wasm')
  } catch (cause) {
    throw new Fault(
      'unavailable',
      'The wasm engine needs a package that is not installed: npm install @tensorflow/tfjs-backend-wasm@4.22.0',
      { cause },
    )
  }
  supplyUnsortedSegmentSum(tf)
  if (!(await tf.setBackend('wasm'))) throw new Fault('unavailable', 'WebAssembly could not be started here.')
  return createTensorflowKernels({ tf, device: 'WebAssembly with SIMD, 1 thread', turnsFirst: true })
}

/** The one kernel that the wasm backend lacks and a GPT needs: gathering the gradients of repeated tokens. */
function supplyUnsortedSegmentSum(tf: Tf): void {
  if (tf.getKernel('UnsortedSegmentSum', 'wasm')) return
  tf.registerKernel({
    kernelName: 'UnsortedSegmentSum',
    backendName: 'wasm',
    kernelFunc({ inputs, attrs, backend }) {
      const wasm = backend as unknown as WasmBackend
      const { x, segmentIds } = inputs as Record<string, WasmTensor>
      const segments = (attrs as unknown as { numSegments: number }).numSegments
      const width = x.shape.slice(1).reduce((product, size) => product * size, 1)
      const output = wasm.makeOutput([segments, ...x.shape.slice(1)], 'float32')
      // The views are taken after the output is made: making it may move the heap.
      const [numbers, ids, sums] = [x, segmentIds, output].map((tensor) => wasm.typedArrayFromHeap(tensor))
      sums.fill(0)
      for (let n = 0; n < ids.length; n++) {
        for (let i = 0; i < width; i++) sums[ids[n] * width + i] += numbers[n * width + i]
      }
      return output
    },
  })
}

interface WasmTensor {
  dataId: object
  shape: number[]
  dtype: 'float32'
}
interface WasmBackend {
  makeOutput(shape: number[], dtype: 'float32'): WasmTensor
  typedArrayFromHeap(tensor: object): Float32Array
}
