// The kernels of an NVIDIA card: shapes are checked in TypeScript, then kernels are queued through the driver alone.
import type { Precision } from '#shared/engine.ts'
import { editionOf, onFirstUse } from '../first-use.ts'
import type { Kernels } from '../kernels.ts'
import { checkNumbers } from '../self-test.ts'
import { attentionKernels } from './attention.ts'
import { type Device, openDevice } from './device.ts'
import { checkPrecision } from './half.ts'
import { headKernels } from './head.ts'
import { learningKernels } from './learning.ts'
import { createMemory } from './memory.ts'
import { passKernels } from './passes.ts'
import { productKernels } from './products.ts'
import { rowKernels } from './rows.ts'

export interface CudaOptions {
  /** bf16 multiplies on tensor cores; weights, sums, norms, softmax and loss stay in fp32. */
  precision?: Precision
  device?: Device
  /** Of which headLoss holds the logits at once; a share of the card's memory by default. */
  rowsAtOnce?: number
}

/**
 * The kernels of the first NVIDIA card. The same card gives the same bits each time. Throws Fault 'unavailable'
 * where there is no driver or no card that serves.
 */
export function createCudaKernels({
  precision = 'fp32',
  device = openDevice(),
  rowsAtOnce,
}: CudaOptions = {}): Kernels {
  checkPrecision(precision, device)
  const memory = createMemory(device)
  return {
    device: `cuda, ${device.name}, ${precision}`,
    deviceMemoryBytes: device.memoryBytes,
    tensor: memory.tensor,
    ids: memory.ids,
    read: async (tensor) => memory.read(tensor),
    write: memory.write,
    fill(into, value) {
      const own = memory.tensorOf(into)
      own.forgetHalf()
      device.launchEach('fill', own.count, own.address, value)
    },
    axpy(into, scale, from) {
      const own = memory.tensorOf(into)
      own.forgetHalf()
      device.launchEach('axpy', own.count, own.address, memory.at(from, 'from', ...own.shape), scale)
    },
    memory: memory.bytes,
    ...rowKernels(device, memory, precision),
    ...productKernels(device, memory, precision),
    ...headKernels(device, memory, precision, rowsAtOnce),
    ...attentionKernels(device, memory, precision),
    ...learningKernels(device, memory),
    ...passKernels(device, memory),
    dispose() {
      if (!memory.isOpen) return
      memory.dispose()
      device.dispose()
    },
  }
}

/** What the rounding of either precision cannot make: eight bits of bf16 against twenty-four. */
const tolerances: Record<Precision, number> = { fp32: 1e-3, bf16: 5e-2 }

/**
 * The same, after the card was asked, the first time, for numbers that the reference knows. Throws Fault 'unavailable'
 * also where it computes wrong ones.
 */
export async function createCheckedCudaKernels(precision: Precision): Promise<Kernels> {
  const device = openDevice()
  const kernels = createCudaKernels({ device, precision })
  const [{ name }, driver] = [device, `CUDA ${device.version}`]
  try {
    await onFirstUse(`cuda ${precision}, ${name}, ${driver}`, editionOf(device.kernels), isTrue, async () => {
      await checkNumbers(kernels, name, driver, tolerances[precision])
      return true as const
    })
    return kernels
  } catch (error) {
    kernels.dispose()
    throw error
  }
}

const isTrue = (value: unknown): value is true => value === true
