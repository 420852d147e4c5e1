// Argmax and the optimizer.
import type { Kernels, Parameter } from '../kernels.ts'
import type { Device } from './device.ts'
import { matrix } from '../shapes.ts'
import type { CudaMemory } from './memory.ts'

const numbersAChunk = 4096
const spanBytes = 72

/** The optimizer's parameters as the kernels take them (struct Span of learning.h), and how many chunks they make. */
function spansOf(memory: CudaMemory, parameters: readonly Parameter[]): { data: Uint8Array; chunks: number } {
  const data = new Uint8Array(spanBytes * parameters.length)
  const view = new DataView(data.buffer)
  let chunks = 0
  parameters.forEach(({ name, value, gradient, firstMoment, secondMoment, decays, learningRateScale }, i) => {
    const parts = [value, gradient, firstMoment, secondMoment].map((tensor) => memory.tensorOf(tensor))
    const { count, half, shape } = parts[0]
    if (parts.some((part) => part.count !== count)) throw new Error(`the four tensors of ${name} differ in size`)
    const at = spanBytes * i
    parts.forEach(({ address }, j) => view.setBigUint64(at + 8 * j, BigInt(address), true))
    view.setBigUint64(at + 32, BigInt(half?.address ?? 0), true)
    view.setBigInt64(at + 40, BigInt(count), true)
    view.setInt32(at + 48, chunks, true)
    view.setInt32(at + 52, decays ? 1 : 0, true)
    view.setFloat32(at + 56, learningRateScale, true)
    view.setInt32(at + 60, shape[shape.length - 1], true)
    view.setInt32(at + 64, half?.stride ?? 0, true)
    chunks += Math.ceil(count / numbersAChunk)
  })
  return { data, chunks }
}

export function learningKernels(device: Device, memory: CudaMemory) {
  const { at } = memory
  /** Runs `work` with the parameters' list on the card. */
  function withSpans<T>(parameters: readonly Parameter[], work: (spans: number, chunks: number) => T): T {
    const { data, chunks } = spansOf(memory, parameters)
    return memory.borrow(data.byteLength, (spans) => {
      memory.upload(spans, data)
      return work(spans, chunks)
    })
  }
  return {
    async argmax(x) {
      const [n, width] = matrix(x, 'x')
      const from = at(x, 'x', n, width)
      const places = new Int32Array(n)
      memory.borrow(4 * n, (placesAt) => {
        device.launch('argmax', [n], 256, 0, from, placesAt, width)
        memory.download(places, placesAt)
      })
      return places
    },
    async globalNorm(parameters) {
      const norm = new Float64Array(1)
      withSpans(parameters, (spans, chunks) =>
        memory.borrow(8 + 4 * chunks, (normAt) => {
          const sums = normAt + 8
          device.launch('squareSums', [chunks], 256, 0, spans, parameters.length, sums)
          device.launch('rootOfSum', [1], 64, 0, sums, chunks, normAt)
          memory.download(norm, normAt)
        }),
      )
      return norm[0]
    },
    adamW(parameters, { learningRate, beta1, beta2, epsilon, weightDecay, update, gradientScale }) {
      const corrections = [1 - beta1 ** update, 1 - beta2 ** update]
      withSpans(parameters, (spans, chunks) => {
        const settings = [learningRate, beta1, beta2, epsilon, weightDecay, gradientScale, ...corrections]
        device.launch('adamW', [chunks], 256, 0, spans, parameters.length, ...settings)
      })
    },
  } satisfies Partial<Kernels>
}
