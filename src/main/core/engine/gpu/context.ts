// What the kernels of a graphics card share: the device, its memory, and the two ways to spread work over it.
import type { GpuDevice, Range } from './device.ts'
import type { Kernel } from './kernel.ts'
import type { GpuMemory } from './memory.ts'
import type { TileRates } from './tuning.ts'

export interface GpuContext {
  device: GpuDevice
  memory: GpuMemory
  /** How fast each tile of a product is on this card. */
  rates: TileRates
  /** A kernel that makes `count` numbers, 256 a workgroup. */
  numbers(kernel: Kernel, count: number, params: Record<string, number>, buffers: readonly Range[]): void
  /** A kernel that takes one of `count` rows a workgroup. */
  rows(kernel: Kernel, count: number, params: Record<string, number>, buffers: readonly Range[]): void
}

/** Workgroups a dimension on every device. */
export const mostADimension = 65535

/** Workgroups in two dimensions, at least `count`. */
export function spread(count: number): [number, number, 1] {
  const down = Math.ceil(count / mostADimension)
  return [Math.ceil(count / down), down, 1]
}

export const createContext = (device: GpuDevice, memory: GpuMemory, rates: TileRates): GpuContext => ({
  device,
  memory,
  rates,
  numbers: (kernel, count, params, buffers) =>
    device.dispatch(kernel, spread(Math.ceil(count / 256)), { ...params, count }, buffers),
  rows: (kernel, count, params, buffers) => device.dispatch(kernel, spread(count), { ...params, rows: count }, buffers),
})
