// Tensors and ids in the native library's arena, as TypeScript holds them: a handle, a shape, and the checks that keep
// C++ safe.
import { Fault } from '#shared/fault.ts'
import type { Ids, Tensor } from '../kernels.ts'
import { countOf } from '../shapes.ts'
import type { NativeLibrary } from './library.ts'

export interface NativeMemory {
  /** Contents undefined; of 16 bits a number where it says so. */
  empty(shape: readonly number[], isHalf?: boolean): NativeTensor
  tensor(shape: readonly number[], data?: Float32Array): NativeTensor
  ids(data: Int32Array): NativeIds
  read(tensor: Tensor): Float32Array
  write(into: Tensor, data: Float32Array): void
  bytes(): { currentBytes: number; peakBytes: number }
}

/** One set of kernels in the library; everything made by it ends with it. */
export interface NativeContext {
  readonly library: NativeLibrary
  /** Its address in the library. */
  readonly handle: number
  isOpen: boolean
}

/** What both kinds of block share: an address that can be used until it is disposed. */
class Block {
  private held: number
  constructor(
    readonly context: NativeContext,
    bytes: number,
  ) {
    if (!context.isOpen) throw new Error('these kernels were disposed')
    this.held = context.library.isf_allocate(context.handle, bytes)
    if (this.held === 0) {
      throw new Fault(
        'too-large',
        `The native engine could not get ${(bytes / 2 ** 20).toFixed(1)} MiB of memory; a smaller model, batch or context needs less.`,
      )
    }
  }

  get address(): number {
    if (this.held === 0 || !this.context.isOpen) throw new Error('this tensor was disposed')
    return this.held
  }

  dispose(): void {
    if (this.held !== 0 && this.context.isOpen) this.context.library.isf_release(this.context.handle, this.held)
    this.held = 0
  }
}

export class NativeTensor extends Block implements Tensor {
  readonly count: number
  constructor(
    context: NativeContext,
    readonly shape: readonly number[],
    /** Whether its numbers are bf16. */
    readonly isHalf = false,
  ) {
    const count = countOf(shape)
    super(context, (isHalf ? 2 : 4) * count)
    this.count = count
  }
}

export class NativeIds extends Block implements Ids {
  readonly length: number
  readonly least: number
  readonly most: number
  constructor(context: NativeContext, data: Int32Array) {
    super(context, 4 * data.length)
    this.length = data.length
    let least = Infinity
    let most = -Infinity
    for (const id of data) {
      if (id < least) least = id
      if (id > most) most = id
    }
    this.least = least
    this.most = most
    context.library.isf_write(this.address, data, data.byteLength)
  }
}

export function createMemory(context: NativeContext): NativeMemory {
  const { library, handle } = context
  const empty = (shape: readonly number[], isHalf = false) => new NativeTensor(context, [...shape], isHalf)
  const check = (tensor: Tensor, data: Float32Array) => {
    const own = fullTensorOf(tensor, context)
    if (data.length !== own.count)
      throw new Error(`${data.length} numbers do not fill the shape [${own.shape.join(', ')}]`)
    return own
  }
  return {
    empty,
    tensor(shape, data) {
      const tensor = empty(shape)
      try {
        if (data) library.isf_write(check(tensor, data).address, data, data.byteLength)
        else library.isf_fill(handle, tensor.address, 0, tensor.count)
      } catch (error) {
        tensor.dispose()
        throw error
      }
      return tensor
    },
    ids: (data) => new NativeIds(context, data),
    read(tensor) {
      const own = tensorOf(tensor, context)
      const data = new Float32Array(own.count)
      if (!own.isHalf) {
        library.isf_read(data, own.address, data.byteLength)
        return data
      }
      const halves = new Uint16Array(own.count)
      library.isf_read(halves, own.address, halves.byteLength)
      const bits = new Uint32Array(data.buffer)
      for (let i = 0; i < halves.length; i++) bits[i] = halves[i] << 16
      return data
    },
    write(into, data) {
      library.isf_write(check(into, data).address, data, data.byteLength)
    },
    bytes() {
      const both = new Float64Array(2)
      if (context.isOpen) library.isf_memory(handle, both)
      return { currentBytes: both[0], peakBytes: both[1] }
    },
  }
}

/** A tensor as these kernels made it; another device's is an error. */
export function tensorOf(tensor: Tensor, context: NativeContext): NativeTensor {
  if (!(tensor instanceof NativeTensor) || tensor.context !== context)
    throw new Error('this tensor belongs to other kernels')
  return tensor
}
/** The same, of 32 bits a number. */
export function fullTensorOf(tensor: Tensor, context: NativeContext): NativeTensor {
  const own = tensorOf(tensor, context)
  if (own.isHalf) throw new Error('this tensor is bf16, which this kernel does not take')
  return own
}
export function idsOf(ids: Ids, context: NativeContext): NativeIds {
  if (!(ids instanceof NativeIds) || ids.context !== context) throw new Error('these ids belong to other kernels')
  return ids
}
/** A tensor that has this shape. */
export function shaped(tensor: Tensor, context: NativeContext, what: string, shape: readonly number[]): NativeTensor {
  const own = tensorOf(tensor, context)
  const { shape: actual } = own
  if (actual.length !== shape.length || shape.some((size, i) => size !== actual[i])) {
    throw new Error(`${what} is [${actual.join(', ')}] and should be [${shape.join(', ')}]`)
  }
  return own
}
/** Throws where the library ran out of memory, and gives back what was meant for the result. */
export function checked(status: number, ...made: NativeTensor[]): void {
  if (status === 0) return
  for (const tensor of made) tensor.dispose()
  throw new Fault('too-large', 'The native engine ran out of memory; a smaller model, batch or context needs less.')
}
