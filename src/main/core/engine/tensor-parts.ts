// Writes and reads stretches of a tensor: weights that travel in pieces pass through a buffer of one piece, not through
// a copy of the whole.
import type { Kernels, Tensor } from './kernels.ts'
import { NativeTensor } from './native/memory.ts'

/**
 * The way to overwrite `tensor` from element `offset` on, piece after piece in ascending order. Devices that can only
 * be written whole gather the pieces and are written with the last one.
 */
export function partWriter(kernels: Kernels, tensor: Tensor): (offset: number, data: Float32Array) => void {
  const count = tensor.shape.reduce((product, size) => product * size, 1)
  if (tensor instanceof NativeTensor) {
    return (offset, data) => {
      if (offset < 0 || offset + data.length > count)
        throw new Error(`${data.length} numbers at ${offset} do not fit ${count}`)
      tensor.context.library.isf_write(tensor.address + 4 * offset, data, data.byteLength)
    }
  }
  const whole = new Float32Array(count)
  return (offset, data) => {
    whole.set(data, offset)
    if (offset + data.length === count) kernels.write(tensor, whole)
  }
}

/**
 * The way to copy `into.length` numbers of a tensor from element `offset` on, without a new array where the device
 * allows it; elsewhere piece after piece.
 */
export function partReader(
  kernels: Kernels,
  tensor: Tensor,
): (offset: number, into: Float32Array) => Promise<void> | void {
  const count = tensor.shape.reduce((product, size) => product * size, 1)
  if (tensor instanceof NativeTensor) {
    return (offset, into) => {
      if (offset < 0 || offset + into.length > count)
        throw new Error(`${into.length} numbers at ${offset} are not within ${count}`)
      tensor.context.library.isf_read(into, tensor.address + 4 * offset, into.byteLength)
    }
  }
  let whole: Float32Array | null = null
  return async (offset, into) => {
    if (offset === 0 || !whole) whole = await kernels.read(tensor)
    into.set(whole.subarray(offset, offset + into.length))
    if (offset + into.length === count) whole = null
  }
}
