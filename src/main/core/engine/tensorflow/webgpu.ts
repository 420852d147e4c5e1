// TensorFlow.js on WebGPU, outside a browser: Dawn through the `webgpu` package, on any GPU that Vulkan, Metal or
// Direct3D 12 knows.
import { Fault } from '#shared/fault.ts'
import type { Kernels } from '../kernels.ts'
import { createTensorflowKernels } from './kernels.ts'
import { loadCore } from './load.ts'

interface Adapter {
  info?: Partial<Record<'vendor' | 'architecture' | 'device' | 'description', string>> & { isFallbackAdapter?: boolean }
}
/** WebGPU does not throw: it answers with zeros and tells whoever listens here. */
interface Device {
  addEventListener(name: 'uncapturederror', listen: (event: { error: Error }) => void): void
}
interface Gpu {
  requestAdapter(options?: object): Promise<Adapter | null>
}

/** Throws Fault 'unavailable' where a package or a graphics adapter is missing. */
export async function createWebgpuKernels(): Promise<Kernels> {
  const tf = await loadCore()
  const gpu = await openGpu()
  const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' })
  if (!adapter) {
    throw new Fault(
      'unavailable',
      'WebGPU finds no graphics adapter here. On Linux it needs a Vulkan driver; VK_ICD_FILENAMES can name one.',
    )
  }
  if (isSoftware(adapter) && !process.env.ISOFLOP_SOFTWARE_WEBGPU) {
    throw new Fault(
      'unavailable',
      `The only graphics adapter here is ${describe(adapter)}, made of software and slower than every other engine. ` +
        'ISOFLOP_SOFTWARE_WEBGPU=1 allows it.',
    )
  }
  try {
    await import('@tensorflow/tfjs-backend-webgpu')
  } catch (cause) {
    throw new Fault(
      'unavailable',
      'The webgpu engine needs a package that is not installed: npm install @tensorflow/tfjs-backend-webgpu@4.22.0',
      { cause },
    )
  }
  if (!(await tf.setBackend('webgpu')))
    throw new Fault('unavailable', 'The graphics adapter refused to open a device for WebGPU.')
  let failure: string | null = null
  const { device } = tf.backend() as unknown as { device: Device }
  device.addEventListener('uncapturederror', ({ error }) => {
    failure ??= error.message
  })
  return createTensorflowKernels({
    tf,
    device: `WebGPU on ${describe(adapter)}`,
    takeFailure() {
      const taken = failure
      failure = null
      return taken
    },
  })
}

/** Puts `navigator.gpu` where TensorFlow.js looks for it; once a process. */
async function openGpu(): Promise<Gpu> {
  const { navigator } = globalThis as { navigator?: { gpu?: Gpu } }
  if (navigator?.gpu) return navigator.gpu
  let dawn: { create(flags: string[]): Gpu; globals: object }
  try {
    dawn = (await import('webgpu')) as never
  } catch (cause) {
    throw new Fault(
      'unavailable',
      'The webgpu engine needs a package that is not installed or does not load here: npm install webgpu',
      { cause },
    )
  }
  Object.assign(globalThis, dawn.globals)
  const gpu = dawn.create([])
  Object.defineProperty(globalThis, 'navigator', { value: { gpu }, configurable: true })
  return gpu
}

const words = ({ info }: Adapter) =>
  [info?.description, info?.device, info?.vendor, info?.architecture].filter((word) => word)
const describe = (adapter: Adapter) => words(adapter)[0] ?? 'an adapter without a name'
const isSoftware = (adapter: Adapter) =>
  adapter.info?.isFallbackAdapter === true ||
  /swiftshader|llvmpipe|lavapipe|basic render/i.test(words(adapter).join(' '))
