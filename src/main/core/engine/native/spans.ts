// The optimizer's list of parameters, as the library takes it.
import type { Parameter } from '../kernels.ts'
import { fullTensorOf, type NativeContext } from './memory.ts'

export interface Spans {
  addresses: Float64Array // [count, 4]: value, gradient, first and second moment
  sizes: Float64Array
  scales: Float32Array
  decays: Int32Array
}

/** Lists parameters for the library. */
export function optimizerSpans(context: NativeContext, parameters: readonly Parameter[]): Spans {
  const count = parameters.length
  const spans: Spans = {
    addresses: new Float64Array(4 * count),
    sizes: new Float64Array(count),
    scales: new Float32Array(count),
    decays: new Int32Array(count),
  }
  parameters.forEach(({ name, value, gradient, firstMoment, secondMoment, decays, learningRateScale }, i) => {
    const parts = [value, gradient, firstMoment, secondMoment].map((tensor) => fullTensorOf(tensor, context))
    const size = parts[0].count
    if (parts.some((part) => part.count !== size)) throw new Error(`the four tensors of ${name} differ in size`)
    parts.forEach((part, j) => {
      spans.addresses[4 * i + j] = part.address
    })
    spans.sizes[i] = size
    spans.scales[i] = learningRateScale
    spans.decays[i] = decays ? 1 : 0
  })
  return spans
}
