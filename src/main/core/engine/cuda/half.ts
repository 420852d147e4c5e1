// Precision bf16: which cards have it, and the bf16 copies of tensors that products take.
import type { Precision } from '#shared/engine.ts'
import { Fault } from '#shared/fault.ts'
import type { Device } from './device.ts'
import type { CudaMemory, CudaTensor, HalfCopy } from './memory.ts'

export type { Precision }

const firstWithHalf = 80 // Ampere

/** Throws Fault 'unavailable' where the card does not know the precision. */
export function checkPrecision(precision: Precision, { name, capability }: Device): void {
  if (precision === 'bf16' && capability < firstWithHalf) {
    throw new Fault(
      'unavailable',
      `The ${name} has no bf16, which came with NVIDIA's Ampere generation (RTX 30, A100); train in fp32 instead.`,
    )
  }
}

/**
 * Room for the bf16 copy that the kernel which makes `tensor` writes beside it: its address, 0 where none is wanted or
 * where rows would have to be filled up.
 */
export function halfBeside(memory: CudaMemory, precision: Precision, tensor: CudaTensor): number {
  const columns = tensor.shape[tensor.shape.length - 1]
  if (precision === 'fp32' || columns % 8 !== 0) return 0
  tensor.half = memory.half(tensor.count / columns, columns)
  return tensor.half.address
}

/** The bf16 copy of a tensor, made where there is none; it lasts until the numbers change or the tensor goes. */
export function halfOf(device: Device, memory: CudaMemory, tensor: CudaTensor): HalfCopy {
  if (tensor.half) return tensor.half
  const columns = tensor.shape[tensor.shape.length - 1]
  const rows = tensor.count / columns
  const half = memory.half(rows, Math.ceil(columns / 8) * 8)
  device.launchEach('halve', (rows * half.stride) / 8, tensor.address, half.address, columns, half.stride)
  tensor.half = half
  return half
}
