// The native library: where it lies, and its C functions as TypeScript sees them (src/native/api.h).
import { join } from 'node:path'
import koffi from 'koffi'
import { Fault } from '#shared/fault.ts'
import { firstFile, packageFolder } from '#main/platform/disk/system-files.ts'

/**
 * Type of each argument, result first: v nothing, i int, u handle (64 bits), d double, f float, s string, and d* f* i*
 * typed arrays.
 */
const signatures = {
  isf_create: 'u i d s',
  isf_destroy: 'v u',
  isf_isa: 's u',
  isf_threads: 'i u',
  isf_allocate: 'u u d',
  isf_release: 'i u u',
  isf_memory: 'v u d*',
  isf_write: 'v u * d',
  isf_read: 'v * u d',
  isf_fill: 'v u u f d',
  isf_axpy: 'v u u f u d',
  isf_embedding: 'v u u u u u u i i i f',
  isf_gather_rows: 'v u u u u i i',
  isf_embedding_backward: 'v u u u u u i i i f',
  isf_layer_norm: 'v u u u u u u u i i',
  isf_layer_norm_backward: 'i u u u u u u u u u u i i',
  isf_linear: 'i u u u u u u u i i i i',
  isf_linear_backward: 'i u u u u u u u i i i',
  isf_gelu_backward: 'v u u u u d i',
  isf_attention: 'i u u u u i i i i f',
  isf_attention_backward: 'i u u u u u u i i i i f',
  isf_cached_attention: 'i u u u u i i u i i i i f',
  isf_tree_attention: 'i u u u u i i* i i u i i i f',
  isf_next_token: 'i u d* i i i i i i i f f f i f*',
  isf_argmax: 'v u u i* i i',
  isf_head: 'i u u u u f i i i',
  isf_head_backward: 'i u u u u u u f i i i',
  isf_cross_entropy: 'v u u u u i i i f',
  isf_global_norm: 'i u d* d* i d*',
  isf_adam_w: 'i u d* d* f* i* i f f f f f f i',
  isf_half_isa: 's u s',
  isf_widen: 'v u u u d',
  isf_narrow: 'v u u u d',
  isf_half_layer_norm: 'v u u u u u u u i i',
  isf_half_layer_norm_again: 'v u u u u u u u i i',
  isf_half_layer_norm_backward: 'i u u u u u u u u u u i i',
  isf_half_linear: 'i u u u u u u u i i i i',
  isf_half_linear_backward: 'i u u i u u u u u u i i i i',
  isf_half_attention: 'i u u u u i i i i f',
  isf_half_attention_backward: 'i u u u u u u i i i i f',
  isf_half_head: 'i u u u u f i i i',
  isf_half_head_loss: 'i u u u u u f u u f i i i',
  isf_half_product: 'i u u u u i i i i i',
  isf_product: 'i u u u u i i i i i',
  isf_peak_flops: 'v u d d*',
  isf_map: 'u s d*',
  isf_unmap: 'v u d',
  isf_add: 'v * u d',
  isf_counter_store: 'v u d',
  isf_counter_load: 'd u',
  isf_futex_value: 'i u',
  isf_futex_wake: 'v u',
  isf_futex_wait: 'v u i d',
  isf_gpu_open: 's s d*',
  isf_gpu_memory: 'd i i',
  isf_gpu_close: 'v u',
  isf_gpu_name: 's u',
  isf_gpu_error: 's u',
  isf_gpu_buffer: 'i u d',
  isf_gpu_release: 'v u i',
  isf_gpu_write: 'v u i d * d',
  isf_gpu_pipeline: 'i u s i i i',
  isf_gpu_run: 'i u i* i * i d d',
  isf_gpu_wait_read: 'i u',
  isf_gpu_end_read: 'v u *',
} as const

type Argument = number | string | Float32Array | Float64Array | Int32Array | Uint16Array | Uint32Array
type Result<Signature> = Signature extends `s${string}` ? string : number
/** A function of the library; `async` runs it on another thread. The last argument there is called with the result. */
interface NativeFunction<Value> {
  (...args: Argument[]): Value
  async(...args: [...Argument[], (error: Error | null, value: Value) => void]): void
}
/** Every function of the library; handles are numbers, because user addresses stay below 2^53. */
export type NativeLibrary = {
  readonly [Name in keyof typeof signatures]: NativeFunction<Result<(typeof signatures)[Name]>>
}

const types: Record<string, string> = {
  v: 'void',
  i: 'int',
  u: 'uint64_t',
  d: 'double',
  f: 'float',
  s: 'const char *',
  '*': 'void *',
  'd*': 'double *',
  'f*': 'float *',
  'i*': 'int32_t *',
}

const fileName = `isoflop-native.${({ darwin: 'dylib', win32: 'dll' } as Record<string, string>)[process.platform] ?? 'so'}`

/**
 * Where the library may be, best first: ISOFLOP_NATIVE, beside the packaged app's resources, in the package's build
 * folder.
 */
export function findLibrary(): string | null {
  const resources = (process as { resourcesPath?: string }).resourcesPath
  const root = packageFolder('isoflop')
  return firstFile([
    ...(process.env.ISOFLOP_NATIVE ? [process.env.ISOFLOP_NATIVE] : []),
    ...(resources ? [join(resources, 'native', fileName), join(resources, fileName)] : []),
    ...(root ? [join(root, 'build', 'native', fileName)] : []),
  ])
}

let loaded: NativeLibrary | null = null

/** Loads the library once a process. Throws Fault 'unavailable' where it is not built or does not load here. */
export function nativeLibrary(): NativeLibrary {
  if (loaded) return loaded
  const path = findLibrary()
  if (!path) {
    throw new Fault(
      'unavailable',
      'The native engine was not built; install a C++ compiler (g++ or clang++) and run `node scripts/build-native.mjs`.',
    )
  }
  try {
    const library = koffi.load(path)
    const functions = Object.entries(signatures).map(([name, signature]) => {
      const [result, ...args] = signature.split(' ').map((letter) => types[letter])
      return [name, library.func(name, result, args)]
    })
    loaded = Object.fromEntries(functions) as NativeLibrary
    return loaded
  } catch (cause) {
    throw new Fault(
      'unavailable',
      `The native engine at ${path} could not be loaded; run \`node scripts/build-native.mjs --force\` to build it again.`,
      { cause, details: String(cause) },
    )
  }
}
