// NVIDIA's driver: where its library lies, its functions as TypeScript sees them, and its failures as sentences.
import koffi from 'koffi'
import { Fault } from '#shared/fault.ts'

/**
 * Arguments of each function: i int, I unsigned, c unsigned char, z size, p handle or device address (64 bits), v our
 * own memory, s text; a star behind one: written to.
 */
const signatures = {
  cuInit: 'I',
  cuDriverGetVersion: 'i*',
  cuDeviceGetCount: 'i*',
  cuDeviceGet: 'i* i',
  cuDeviceGetName: 'v i i',
  cuDeviceGetAttribute: 'i* i i',
  cuDevicePrimaryCtxRetain: 'p* i',
  cuDevicePrimaryCtxRelease_v2: 'i',
  cuCtxSetCurrent: 'p',
  cuCtxSynchronize: '',
  cuMemAlloc_v2: 'p* z',
  cuMemFree_v2: 'p',
  cuDeviceTotalMem_v2: 'z* i',
  cuMemcpyHtoD_v2: 'p v z',
  cuMemcpyDtoH_v2: 'v p z',
  cuMemsetD8_v2: 'p c z',
  cuModuleLoadData: 'p* v',
  cuModuleUnload: 'p',
  cuModuleGetFunction: 'p* p s',
  cuFuncSetAttribute: 'p i i',
  cuLaunchKernel: 'p I I I I I I I p v v',
} as const

/** Of graphs; a driver may lack them. */
const graphSignatures = {
  cuStreamCreate: 'p* I',
  cuStreamDestroy_v2: 'p',
  cuStreamBeginCapture_v2: 'p i',
  cuStreamEndCapture: 'p p*',
  cuGraphInstantiateWithFlags: 'p* p p',
  cuGraphDestroy: 'p',
  cuGraphLaunch: 'p p',
  cuGraphExecDestroy: 'p',
} as const

type Name = keyof typeof signatures
/** Every function gives the driver's result code: 0 for success. */
type Functions<Names extends string> = Readonly<Record<Names, (...args: unknown[]) => number>>
export type Driver = Functions<Name> & { readonly graphs: Functions<keyof typeof graphSignatures> | null }

const types: Record<string, unknown> = {
  i: 'int',
  I: 'unsigned int',
  c: 'unsigned char',
  z: 'size_t',
  p: 'uint64_t',
  v: 'void *',
  s: 'const char *',
  'i*': koffi.out('int *'),
  'z*': koffi.out('size_t *'),
  'p*': koffi.out('uint64_t *'),
}

let loaded: { path: string; driver: Driver } | null = null

/** The driver of this machine, or the library that ISOFLOP_LIBCUDA names. Throws Fault 'unavailable' where none is. */
export function loadDriver(): Driver {
  const path = process.env.ISOFLOP_LIBCUDA || (process.platform === 'win32' ? 'nvcuda.dll' : 'libcuda.so.1')
  if (loaded?.path === path) return loaded.driver
  try {
    const library = koffi.load(path)
    loaded = { path, driver: { ...functionsOf(library, signatures), graphs: graphsOf(library) } }
    return loaded.driver
  } catch (cause) {
    throw new Fault(
      'unavailable',
      "NVIDIA's driver is not on this computer; the cuda engine needs an NVIDIA card and its driver, 525 or newer.",
      { cause, details: String(cause) },
    )
  }
}

type Library = ReturnType<typeof koffi.load>

function functionsOf<Names extends string>(library: Library, all: Record<Names, string>): Functions<Names> {
  const functions = Object.entries<string>(all).map(([name, signature]) => {
    const letters = signature.split(' ').filter(Boolean)
    return [name, library.func(name, 'int', letters.map((letter) => types[letter]) as string[])]
  })
  return Object.fromEntries(functions) as Functions<Names>
}

function graphsOf(library: Library): Driver['graphs'] {
  try {
    return functionsOf(library, graphSignatures)
  } catch {
    return null
  }
}

export const outOfMemory = 2

/** Throws where a call of the driver failed. */
export function checkResult(code: number, name: Name): void {
  if (code === 0) return
  const details = `${name}: CUDA error ${code}`
  switch (code) {
    case outOfMemory:
      throw new Fault(
        'too-large',
        'The graphics card is out of memory; a smaller model, batch or context needs less, and so does closing other programs that use the card.',
        { details },
      )
    case 100: // no device
    case 101: // invalid device
      throw new Fault('unavailable', 'No NVIDIA graphics card was found; choose another engine.', { details })
    case 35: // the driver is older than what is asked of it
    case 222: // PTX of a newer version
    case 803: // driver and kernel module differ
      throw new Fault(
        'unavailable',
        "NVIDIA's driver is too old or was updated without a restart; install driver 525 or newer and restart.",
        { details },
      )
    default:
      throw new Fault(
        'failed',
        `The graphics card stopped (CUDA error ${code}); resume the run from its last checkpoint, and if it happens again, choose another engine or update NVIDIA's driver.`,
        { details },
      )
  }
}

/** What a function writes through its first argument. */
export function written(call: (out: [number]) => number, name: Name): number {
  const out: [number] = [0]
  checkResult(call(out), name)
  return Number(out[0])
}
