// Writes a stretch of a tensor without a copy of the whole: weights that arrive in pieces pass through a buffer of one piece.
import type { Kernels, Tensor } from './kernels.ts'
import { NativeTensor } from './native/memory.ts'

/**
 * The way to overwrite `tensor` from element `offset` on, piece after piece in ascending order. Devices that can only be written
 * whole gather the pieces and are written with the last one.
 */
export function partWriter(kernels: Kernels, tensor: Tensor): (offset: number, data: Float32Array) => void {
  const count = tensor.shape.reduce((product, size) => product * size, 1)
  if (tensor instanceof NativeTensor) {
    return (offset, data) => {
      if (offset < 0 || offset + data.length > count) throw new Error(`${data.length} numbers at ${offset} do not fit ${count}`)
      tensor.home.library.isf_write(tensor.address + 4 * offset, data, data.byteLength)
    }
  }
  const whole = new Float32Array(count)
  return (offset, data) => {
    whole.set(data, offset)
    if (offset + data.length === count) kernels.write(tensor, whole)
  }
}
