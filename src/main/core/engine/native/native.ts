// The kernels of the native engine: shapes are checked in TypeScript, then one call goes to the C++ library.
import { cpus } from 'node:os'
import { Fault } from '#shared/fault.ts'
import type { Precision } from '#shared/engine.ts'
import { usableCores, usableMemoryBytes } from '#main/platform/disk/computer.ts'
import type { Kernels } from '../kernels.ts'
import { attentionKernels } from './attention.ts'
import { halfKernels } from './half.ts'
import { learningKernels } from './learning.ts'
import { nativeLibrary } from './library.ts'
import { createMemory, fullTensorOf, type NativeContext, shaped } from './memory.ts'
import { type NativeCache, nextToken } from './next-token.ts'
import { rowKernels } from './rows.ts'

export interface NativeOptions {
  /** 0 for one a physical core. */
  threads: number
  /** Largest amount of memory the kernels may take; all of the machine's by default. */
  limitBytes?: number
  /** Of products and of what lies between them; weights, sums, norms, softmax and loss are fp32 in both. */
  precision?: Precision
}

const isaNames: Record<string, string> = {
  avx512amx: 'AMX',
  avx512bf16: 'AVX-512 BF16',
  avx512: 'AVX-512',
  avx2: 'AVX2',
  neon: 'NEON',
  neonbf16: 'NEON BF16',
  portable: 'portable',
}
/** Instruction sets that multiply bf16 themselves; others compute the same numbers with more instructions. */
const halfInstructions = ['avx512amx', 'avx512bf16', 'neonbf16']

/**
 * The C++ library's kernels on a pool of threads of their own. Throws Fault 'unavailable' where the library is not
 * here.
 */
export function createNativeKernels({
  threads,
  limitBytes = usableMemoryBytes(),
  precision = 'fp32',
}: NativeOptions): Kernels {
  const library = nativeLibrary()
  const isa = process.env.ISOFLOP_ISA ?? ''
  const wanted = threads > 0 ? Math.min(Math.floor(threads), 4 * cpus().length) : usableCores()
  const handle = library.isf_create(wanted, limitBytes, isa)
  if (handle === 0)
    throw new Fault(
      'unavailable',
      `This processor cannot run the native engine${isa ? ` with the instruction set "${isa}"` : ''}.`,
    )
  const context: NativeContext = { library, handle, isOpen: true }
  const memory = createMemory(context)
  const count = library.isf_threads(handle)
  const isHalf = precision === 'bf16'
  const name = isHalf ? library.isf_half_isa(handle, isa) : library.isf_isa(handle)
  const suffix = !isHalf ? '' : halfInstructions.includes(name) ? ', bf16' : ', bf16 emulated'
  return {
    device: `native, ${isaNames[name] ?? name}, ${count} thread${count === 1 ? '' : 's'}${suffix}`,
    tensor: memory.tensor,
    ids: memory.ids,
    read: async (tensor) => memory.read(tensor),
    write: memory.write,
    fill(into, value) {
      const own = fullTensorOf(into, context)
      library.isf_fill(handle, own.address, value, own.count)
    },
    axpy(into, scale, from) {
      const own = fullTensorOf(into, context)
      const added = fullTensorOf(shaped(from, context, 'from', own.shape), context)
      library.isf_axpy(handle, own.address, scale, added.address, own.count)
    },
    memory: memory.bytes,
    ...rowKernels(context, memory),
    ...attentionKernels(context, memory),
    ...learningKernels(context, memory),
    ...(isHalf ? halfKernels(context, memory) : {}),
    nextToken: (w, model, caches) => nextToken(context, w, model, caches as readonly NativeCache[]),
    dispose() {
      if (!context.isOpen) return
      context.isOpen = false
      library.isf_destroy(handle)
    },
  }
}
