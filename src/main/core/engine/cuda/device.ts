// One NVIDIA card, opened: its context, the kernels loaded from PTX, and how one is launched.
import { join } from 'node:path'
import koffi from 'koffi'
import { Fault } from '#shared/fault.ts'
import { packageFolder, textOf } from '#main/platform/disk/system-files.ts'
import { checkResult, type Driver, loadDriver, written } from './driver.ts'
import { createGraphs, type Graphs } from './graphs.ts'
import { type KernelName, kernelSignatures } from './signatures.ts'

export interface Device {
  readonly driver: Driver
  /** "NVIDIA H100 80GB HBM3". */
  readonly name: string
  /** The newest CUDA that the driver knows: "13.0". */
  readonly version: string
  /** 90 for Hopper. */
  readonly capability: number
  readonly multiprocessors: number
  readonly memoryBytes: number
  /** Those that the card knows, as PTX. */
  readonly kernels: readonly string[]
  /** Null where the driver has none. */
  readonly graphs: Graphs | null
  /**
   * Queues a kernel on a grid of blocks of `threads`, each with `sharedBytes` of shared memory. Work runs in the order
   * in which it was queued.
   */
  launch(kernel: KernelName, grid: Grid, threads: number, sharedBytes: number, ...args: number[]): void
  /** A kernel with a thread for each of `count` numbers, which is its last argument. */
  launchEach(kernel: KernelName, count: number, ...args: number[]): void
  dispose(): void
}

export type Grid = readonly [x: number, y?: number, z?: number]

const oldestDriver = 12000 // CUDA 12.0, which came with driver 525
const oldestCapability = 75 // Turing
/** CU_DEVICE_ATTRIBUTE_... of a card, CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES of a kernel. */
const attribute = { sharedBytes: 8, multiprocessors: 16, capabilityMajor: 75, capabilityMinor: 76 }

/** Throws Fault 'unavailable' where there is no driver, no card, or too old a one. */
export function openDevice(): Device {
  const driver = loadDriver()
  checkResult(driver.cuInit(0), 'cuInit')
  const version = written((out) => driver.cuDriverGetVersion(out), 'cuDriverGetVersion')
  if (version < oldestDriver) {
    throw new Fault(
      'unavailable',
      `NVIDIA's driver here is too old (CUDA ${versionText(version)}); install driver 525 or newer, or choose another engine.`,
    )
  }
  const card = written((out) => driver.cuDeviceGet(out, 0), 'cuDeviceGet')
  const ask = (which: number) => written((out) => driver.cuDeviceGetAttribute(out, which, card), 'cuDeviceGetAttribute')
  const name = nameOf(driver, card)
  const capability = 10 * ask(attribute.capabilityMajor) + ask(attribute.capabilityMinor)
  if (capability < oldestCapability) {
    throw new Fault(
      'unavailable',
      `The ${name} is too old for the cuda engine, which needs a card of NVIDIA's Turing generation (RTX 20, GTX 16) or newer; choose another engine.`,
    )
  }
  const multiprocessors = ask(attribute.multiprocessors)
  const memoryBytes = written((out) => driver.cuDeviceTotalMem_v2(out, card), 'cuDeviceTotalMem_v2')
  const context = written((out) => driver.cuDevicePrimaryCtxRetain(out, card), 'cuDevicePrimaryCtxRetain')
  checkResult(driver.cuCtxSetCurrent(context), 'cuCtxSetCurrent')
  const kernels = (capability < 80 ? ['fp32'] : ['fp32', 'bf16']).map(readPtx)
  const modules = kernels.map((text) =>
    written((out) => driver.cuModuleLoadData(out, Buffer.from(`${text}\0`)), 'cuModuleLoadData'),
  )

  const functions = new Map<KernelName, { handle: number; sharedBytes: number }>()
  function functionOf(kernel: KernelName, sharedBytes: number): number {
    let found = functions.get(kernel)
    if (!found) {
      const module = modules[kernel.startsWith('hal') ? 1 : 0]
      const handle = written((out) => driver.cuModuleGetFunction(out, module, kernel), 'cuModuleGetFunction')
      found = { handle, sharedBytes: 48 << 10 }
      functions.set(kernel, found)
    }
    if (sharedBytes > found.sharedBytes) {
      found.sharedBytes = sharedBytes
      checkResult(driver.cuFuncSetAttribute(found.handle, attribute.sharedBytes, sharedBytes), 'cuFuncSetAttribute')
    }
    return found.handle
  }
  const pack = createPacker()
  const graphs = createGraphs(driver)
  function launch(
    kernel: KernelName,
    [x, y = 1, z = 1]: Grid,
    threads: number,
    sharedBytes: number,
    ...args: number[]
  ) {
    if (graphs?.isLosing) return
    const packed = pack(kernelSignatures[kernel], args)
    const sizes = [x, y, z, threads, 1, 1, sharedBytes]
    const stream = graphs?.stream ?? 0
    const code = driver.cuLaunchKernel(functionOf(kernel, sharedBytes), ...sizes, stream, null, packed)
    if (code !== 0 && !graphs?.fail()) checkResult(code, 'cuLaunchKernel')
  }
  return {
    driver,
    name,
    version: versionText(version),
    capability,
    multiprocessors,
    memoryBytes,
    kernels,
    graphs,
    launch,
    launchEach(kernel, count, ...args) {
      launch(kernel, [Math.ceil(count / 256)], 256, 0, ...args, count)
    },
    dispose() {
      graphs?.dispose()
      for (const module of modules) driver.cuModuleUnload(module)
      driver.cuDevicePrimaryCtxRelease_v2(card)
    },
  }
}

/** 12040 is 12.4. */
const versionText = (version: number) => `${Math.floor(version / 1000)}.${Math.floor((version % 1000) / 10)}`

function nameOf(driver: Driver, card: number): string {
  const name = Buffer.alloc(128)
  checkResult(driver.cuDeviceGetName(name, name.length, card), 'cuDeviceGetName')
  return name.toString('utf8', 0, name.indexOf(0))
}

/** The kernels as text. */
function readPtx(module: string): string {
  const root = packageFolder('isoflop')
  const text = root && textOf(join(root, 'resources', 'cuda', `${module}.ptx`))
  if (text) return text
  throw new Fault('unavailable', `The cuda engine's kernels (${module}.ptx) are missing; install Isoflop again.`)
}

const bytesOf = { p: 8, l: 8, i: 4, f: 4 } as const
const typeOf = { p: 'uint64_t', l: 'int64_t', i: 'int', f: 'float' } as const

/**
 * A kernel's arguments as one packed block of memory, whose address the driver is given: no array of pointers, and no
 * memory that a garbage collector could move.
 */
function createPacker(): (signature: string, args: readonly number[]) => unknown {
  const block = koffi.alloc('uint8_t', 256) as unknown
  const size = koffi.alloc('uint64_t', 1) as unknown
  const extra = koffi.alloc('uint64_t', 5) as unknown
  // CU_LAUNCH_PARAM_BUFFER_POINTER (1), its address, CU_LAUNCH_PARAM_BUFFER_SIZE (2), address of the size, END (0)
  for (const [i, value] of [1n, koffi.address(block), 2n, koffi.address(size), 0n].entries())
    koffi.encode(extra, 8 * i, 'uint64_t', value)
  return (signature, args) => {
    const letters = signature.split(' ') as (keyof typeof bytesOf)[]
    if (letters.length !== args.length) throw new Error(`${args.length} arguments for a kernel of ${letters.length}`)
    let at = 0
    letters.forEach((letter, i) => {
      const bytes = bytesOf[letter]
      at = Math.ceil(at / bytes) * bytes
      koffi.encode(block, at, typeOf[letter], args[i])
      at += bytes
    })
    koffi.encode(size, 'uint64_t', at)
    return extra
  }
}
