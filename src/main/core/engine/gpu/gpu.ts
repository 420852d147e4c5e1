// The kernels of the engine `gpu`: fused WGSL of our own on any graphics card that Vulkan, Metal or Direct3D 12 knows.
import type { Kernels } from '../kernels.ts'
import { attentionKernels } from './attention.ts'
import { createContext } from './context.ts'
import { openGpu, type GpuDevice } from './device.ts'
import { prepareCard } from './first-use.ts'
import { learningKernels } from './learning.ts'
import { createGpuMemory, tensorOf, type GpuMemory } from './memory.ts'
import { rowKernels } from './rows.ts'
import { axpy, fill } from './shaders/rows.ts'
import type { TileRates } from './tuning.ts'

export interface GpuKernels extends Kernels {
  /** For tests and measurements: what was dispatched, submitted and waited for. */
  readonly counts: GpuDevice['counts']
  readonly profile: GpuDevice['profile']
}

/**
 * Calls are recorded and go to the card together. Throws Fault 'unavailable' where the library or a card is missing, or
 * a card computes wrong numbers.
 */
export async function createGpuKernels(): Promise<GpuKernels> {
  const device = openGpu()
  try {
    const memory = createGpuMemory(device)
    const rates = await prepareCard(device, (usual) => kernelsOn(device, memory, usual))
    device.setSpeed(Math.max(...Object.values(rates).map(({ full }) => full)))
    return kernelsOn(device, memory, rates)
  } catch (error) {
    device.close()
    throw error
  }
}

function kernelsOn(device: GpuDevice, memory: GpuMemory, rates: TileRates): GpuKernels {
  const context = createContext(device, memory, rates)
  const { numbers } = context
  const { name, driver, isSoftware, memoryBytes } = device.facts
  return {
    device: `${name}${driver ? `, ${driver}` : ''}${isSoftware ? ' (software)' : ''}`,
    deviceMemoryBytes: memoryBytes,
    counts: device.counts,
    profile: (work) => device.profile(work),
    tensor(shape, data) {
      const tensor = memory.empty(shape)
      if (data && data.length !== tensor.count)
        throw new Error(`${data.length} numbers do not fill the shape [${shape.join(', ')}]`)
      if (data) device.write(tensor.range, data)
      else numbers(fill, tensor.count, { value: 0 }, [tensor.range])
      return tensor
    },
    together(shapes) {
      const tensors = memory.together(shapes)
      for (const tensor of tensors) {
        if (tensor.range.offset > 0) continue // filled with what lies before it
        const arena = memory.arena(tensor)!
        numbers(fill, arena.count, { value: 0 }, [arena])
      }
      return tensors
    },
    ids: (data) => memory.ids(data),
    async read(tensor) {
      const own = tensorOf(tensor, memory)
      const data = new Float32Array(own.count)
      await device.read(own.range, data)
      return data
    },
    write(into, data) {
      const own = tensorOf(into, memory)
      if (data.length !== own.count)
        throw new Error(`${data.length} numbers do not fill the shape [${own.shape.join(', ')}]`)
      device.write(own.range, data)
    },
    fill(into, value) {
      const own = tensorOf(into, memory)
      numbers(fill, own.count, { value }, [own.range])
    },
    axpy(into, scale, from) {
      const own = tensorOf(into, memory)
      numbers(axpy, own.count, { scale }, [own.range, tensorOf(from, memory, own.shape).range])
    },
    memory: () => memory.bytes(),
    ...rowKernels(context),
    ...attentionKernels(context),
    ...learningKernels(context),
    dispose() {
      memory.dispose()
      device.close()
    },
  }
}
