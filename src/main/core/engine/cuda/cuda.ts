// The kernels of an NVIDIA card: shapes are checked in TypeScript, then kernels are queued through the driver alone.
import type { Kernels } from '../kernels.ts'
import { attentionKernels } from './attention.ts'
import { openDevice } from './device.ts'
import { learningKernels } from './learning.ts'
import { createMemory } from './memory.ts'
import { productKernels } from './products.ts'
import { rowKernels } from './rows.ts'

/**
 * The first NVIDIA card's kernels in fp32. The same card gives the same bits each time. Throws Fault 'unavailable'
 * where there is no driver or no card that serves.
 */
export function createCudaKernels(device = openDevice()): Kernels {
  const memory = createMemory(device)
  return {
    device: `cuda, ${device.name}`,
    tensor: memory.tensor,
    ids: memory.ids,
    read: async (tensor) => memory.read(tensor),
    write: memory.write,
    fill(into, value) {
      const own = memory.tensorOf(into)
      device.launchEach('fill', own.count, own.address, value)
    },
    axpy(into, scale, from) {
      const own = memory.tensorOf(into)
      device.launchEach('axpy', own.count, own.address, memory.at(from, 'from', ...own.shape), scale)
    },
    memory: memory.bytes,
    ...rowKernels(device, memory),
    ...productKernels(device, memory),
    ...attentionKernels(device, memory),
    ...learningKernels(device, memory),
    dispose() {
      if (!memory.isOpen) return
      memory.dispose()
      device.dispose()
    },
  }
}
