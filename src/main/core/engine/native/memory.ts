// Tensors and ids in the native library's arena, as TypeScript holds them: a handle, a shape, and the checks that keep
// C++ safe.
import { Fault } from '#shared/fault.ts'
import type { Ids, Tensor } from '../kernels.ts'
import type { NativeLibrary } from './library.ts'

export interface NativeMemory {
  /** Contents undefined. */
  empty(shape: readonly number[]): NativeTensor
  tensor(shape: readonly number[], data?: Float32Array): NativeTensor
  ids(data: Int32Array): NativeIds
  read(tensor: Tensor): Float32Array
  write(into: Tensor, data: Float32Array): void
  bytes(): { currentBytes: number; peakBytes: number }
}

/** One set of kernels in the library; everything made by it ends with it. */
export interface Home {
  readonly library: NativeLibrary
  readonly context: number
  isOpen: boolean
}

/** What both kinds of block share: an address that can be used until it is disposed. */
class Block {
  private held: number
  constructor(
    readonly home: Home,
    bytes: number,
  ) {
    if (!home.isOpen) throw new Error('these kernels were disposed')
    this.held = home.library.isf_allocate(home.context, bytes)
    if (this.held === 0) {
      throw new Fault(
        'too-large',
        `The native engine could not get ${(bytes / 2 ** 20).toFixed(1)} MiB of memory; a smaller model, batch or context needs less.`,
      )
    }
  }

  get address(): number {
    if (this.held === 0 || !this.home.isOpen) throw new Error('this tensor was disposed')
    return this.held
  }

  dispose(): void {
    if (this.held !== 0 && this.home.isOpen) this.home.library.isf_release(this.home.context, this.held)
    this.held = 0
  }
}

export class NativeTensor extends Block implements Tensor {
  readonly count: number
  constructor(
    home: Home,
    readonly shape: readonly number[],
  ) {
    const count = countOf(shape)
    super(home, 4 * count)
    this.count = count
  }
}

export class NativeIds extends Block implements Ids {
  readonly length: number
  readonly least: number
  readonly most: number
  constructor(home: Home, data: Int32Array) {
    super(home, 4 * data.length)
    this.length = data.length
    let least = Infinity
    let most = -Infinity
    for (const id of data) {
      if (id < least) least = id
      if (id > most) most = id
    }
    this.least = least
    this.most = most
    home.library.isf_write(this.address, data, data.byteLength)
  }
}

/** Largest size of an axis that C++ is given, and most elements: its `long` has 32 bits on Windows. */
const largestAxis = 2 ** 31 - 1
const mostElements = process.platform === 'win32' ? 2 ** 31 - 1 : 2 ** 40

function countOf(shape: readonly number[]): number {
  let count = 1
  for (const size of shape) {
    if (!Number.isInteger(size) || size < 1 || size > largestAxis)
      throw new Error(`[${shape.join(', ')}] is no shape of a tensor`)
    count *= size
  }
  if (count > mostElements)
    throw new Fault('too-large', `A tensor of shape [${shape.join(', ')}] does not fit any memory.`)
  return count
}

export function createMemory(home: Home): NativeMemory {
  const { library, context } = home
  const empty = (shape: readonly number[]) => new NativeTensor(home, [...shape])
  const check = (tensor: Tensor, data: Float32Array) => {
    const own = ofHome(tensor, home)
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
        else library.isf_fill(context, tensor.address, 0, tensor.count)
      } catch (error) {
        tensor.dispose()
        throw error
      }
      return tensor
    },
    ids: (data) => new NativeIds(home, data),
    read(tensor) {
      const own = ofHome(tensor, home)
      const data = new Float32Array(own.count)
      library.isf_read(data, own.address, data.byteLength)
      return data
    },
    write(into, data) {
      library.isf_write(check(into, data).address, data, data.byteLength)
    },
    bytes() {
      const both = new Float64Array(2)
      if (home.isOpen) library.isf_memory(context, both)
      return { currentBytes: both[0], peakBytes: both[1] }
    },
  }
}

/** A tensor as these kernels made it; another device's is an error. */
export function ofHome(tensor: Tensor, home: Home): NativeTensor {
  if (!(tensor instanceof NativeTensor) || tensor.home !== home) throw new Error('this tensor belongs to other kernels')
  return tensor
}
export function idsOfHome(ids: Ids, home: Home): NativeIds {
  if (!(ids instanceof NativeIds) || ids.home !== home) throw new Error('these ids belong to other kernels')
  return ids
}
/** A tensor that has this shape. */
export function shaped(tensor: Tensor, home: Home, what: string, shape: readonly number[]): NativeTensor {
  const own = ofHome(tensor, home)
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
