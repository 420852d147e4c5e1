// Tensors and ids in a card's memory, as TypeScript holds them: an address, a shape, and checks before a kernel sees
// either. Blocks given back are kept for the next tensor of that size: work runs in order, so none is used too early.
import { Fault } from '#shared/fault.ts'
import type { Ids, Tensor } from '../kernels.ts'
import { createLedger } from '../ledger.ts'
import { countOf } from '../shapes.ts'
import { sizeClass } from '../size-class.ts'
import type { Device } from './device.ts'
import { checkResult, outOfMemory } from './driver.ts'

export interface CudaMemory {
  readonly isOpen: boolean
  /** Contents undefined. */
  empty(shape: readonly number[]): CudaTensor
  tensor(shape: readonly number[], data?: Float32Array): CudaTensor
  ids(data: Int32Array): CudaIds
  half(rows: number, stride: number): HalfCopy
  read(tensor: Tensor): Float32Array
  write(into: Tensor, data: Float32Array): void
  /** Runs `work` with memory of its own, which is given back after. */
  borrow<T>(bytes: number, work: (address: number) => T): T
  upload(address: number, data: ArrayBufferView): void
  download(data: ArrayBufferView, address: number): void
  /** A tensor of ours that has this shape. */
  tensorAt(tensor: Tensor, what: string, ...shape: number[]): CudaTensor
  /** The address of a tensor that has this shape. */
  at(tensor: Tensor, what: string, ...shape: number[]): number
  tensorOf(tensor: Tensor): CudaTensor
  idsOf(ids: Ids): CudaIds
  /** The address of ids that all lie in [from, below). */
  idsWithin(ids: Ids, what: string, from: number, below: number): number
  bytes(): { currentBytes: number; peakBytes: number }
  dispose(): void
}

interface Owner {
  readonly isOpen: boolean
  take(bytes: number): number
  giveBack(address: number, bytes: number): void
}

class Block {
  private held: number
  constructor(
    readonly owner: Owner,
    private readonly bytes: number,
  ) {
    this.held = owner.take(bytes)
  }

  get address(): number {
    if (this.held === 0 || !this.owner.isOpen) throw new Error('this tensor was disposed')
    return this.held
  }

  dispose(): void {
    if (this.held !== 0 && this.owner.isOpen) this.owner.giveBack(this.held, this.bytes)
    this.held = 0
  }
}

/** A bf16 copy of a tensor: rows of its last axis, filled up with zeros to `stride`. */
export class HalfCopy extends Block {
  constructor(
    owner: Owner,
    rows: number,
    readonly stride: number,
  ) {
    super(owner, 2 * rows * stride)
  }
}

export class CudaTensor extends Block implements Tensor {
  readonly count: number
  /** Made when a product first wants it; of these very numbers. */
  half: HalfCopy | null = null
  constructor(
    owner: Owner,
    readonly shape: readonly number[],
  ) {
    const count = countOf(shape)
    super(owner, 4 * count)
    this.count = count
  }

  /** To be called when the numbers change. */
  forgetHalf(): void {
    this.half?.dispose()
    this.half = null
  }

  override dispose(): void {
    this.forgetHalf()
    super.dispose()
  }
}

export class CudaIds extends Block implements Ids {
  readonly length: number
  constructor(
    owner: Owner,
    readonly data: Int32Array,
  ) {
    super(owner, data.byteLength)
    this.length = data.length
  }
}

const blockSize = (bytes: number): number => sizeClass(bytes, 256)

export function createMemory({ driver }: Device): CudaMemory {
  const ledger = createLedger()
  const free = new Map<number, number[]>()
  const all = new Set<number>()
  let isOpen = true

  /** Gives the driver back what no tensor holds. */
  function trim(): void {
    for (const blocks of free.values())
      for (const address of blocks) {
        all.delete(address)
        checkResult(driver.cuMemFree_v2(address), 'cuMemFree_v2')
      }
    free.clear()
  }
  function allocate(size: number): number {
    const out: [number] = [0]
    let code = driver.cuMemAlloc_v2(out, size)
    if (code === outOfMemory && free.size > 0) {
      trim()
      code = driver.cuMemAlloc_v2(out, size)
    }
    if (code === outOfMemory) {
      throw new Fault(
        'too-large',
        `The graphics card has no ${(size / 2 ** 20).toFixed(1)} MiB of memory left; a smaller model, batch or context needs less, and so does closing other programs that use the card.`,
      )
    }
    checkResult(code, 'cuMemAlloc_v2')
    all.add(Number(out[0]))
    return Number(out[0])
  }
  const owner: Owner = {
    get isOpen() {
      return isOpen
    },
    take(bytes) {
      if (!isOpen) throw new Error('these kernels were disposed')
      const size = blockSize(bytes)
      const address = free.get(size)?.pop() ?? allocate(size)
      ledger.add(bytes)
      return address
    },
    giveBack(address, bytes) {
      ledger.remove(bytes)
      const size = blockSize(bytes)
      const blocks = free.get(size)
      if (blocks) blocks.push(address)
      else free.set(size, [address])
    },
  }

  const upload = (address: number, data: ArrayBufferView) =>
    checkResult(driver.cuMemcpyHtoD_v2(address, data, data.byteLength), 'cuMemcpyHtoD_v2')
  const download = (data: ArrayBufferView, address: number) =>
    checkResult(driver.cuMemcpyDtoH_v2(data, address, data.byteLength), 'cuMemcpyDtoH_v2')
  function tensorOf(tensor: Tensor): CudaTensor {
    if (!(tensor instanceof CudaTensor) || tensor.owner !== owner)
      throw new Error('this tensor belongs to other kernels')
    return tensor
  }
  function tensorAt(tensor: Tensor, what: string, ...shape: number[]): CudaTensor {
    const own = tensorOf(tensor)
    if (own.shape.length !== shape.length || shape.some((size, i) => size !== own.shape[i]))
      throw new Error(`${what} is [${own.shape.join(', ')}] and should be [${shape.join(', ')}]`)
    return own
  }
  function idsOf(ids: Ids): CudaIds {
    if (!(ids instanceof CudaIds) || ids.owner !== owner) throw new Error('these ids belong to other kernels')
    return ids
  }
  function write(into: Tensor, data: Float32Array): void {
    const own = tensorOf(into)
    if (data.length !== own.count)
      throw new Error(`${data.length} numbers do not fill the shape [${own.shape.join(', ')}]`)
    own.forgetHalf()
    upload(own.address, data)
  }
  const empty = (shape: readonly number[]) => new CudaTensor(owner, [...shape])
  return {
    get isOpen() {
      return isOpen
    },
    empty,
    tensor(shape, data) {
      const tensor = empty(shape)
      try {
        if (data) write(tensor, data)
        else checkResult(driver.cuMemsetD8_v2(tensor.address, 0, 4 * tensor.count), 'cuMemsetD8_v2')
        return tensor
      } catch (error) {
        tensor.dispose()
        throw error
      }
    },
    ids(data) {
      const ids = new CudaIds(owner, data.slice())
      if (data.length > 0) upload(ids.address, ids.data)
      return ids
    },
    half: (rows, stride) => new HalfCopy(owner, rows, stride),
    read(tensor) {
      const own = tensorOf(tensor)
      const data = new Float32Array(own.count)
      download(data, own.address)
      return data
    },
    write,
    borrow(bytes, work) {
      const address = owner.take(bytes)
      try {
        return work(address)
      } finally {
        owner.giveBack(address, bytes)
      }
    },
    upload,
    download,
    tensorAt,
    at: (tensor, what, ...shape) => tensorAt(tensor, what, ...shape).address,
    tensorOf,
    idsOf,
    idsWithin(ids, what, from, below) {
      const own = idsOf(ids)
      for (const id of own.data)
        if (id < from || id >= below) throw new Error(`${what} hold ${id}; they must lie in ${from} to ${below - 1}`)
      return own.address
    },
    bytes: () => ledger.memory(),
    dispose() {
      isOpen = false
      for (const address of all) driver.cuMemFree_v2(address)
    },
  }
}
