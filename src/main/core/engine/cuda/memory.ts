// Tensors and ids in a card's memory, as TypeScript holds them: an address, a shape, and checks before a kernel sees
// either.
import type { Ids, Tensor } from '../kernels.ts'
import { rowsById } from '../rows-by-id.ts'
import { countOf } from '../shapes.ts'
import { Block, createPool, type Owner } from './blocks.ts'
import type { Device } from './device.ts'
import { checkResult } from './driver.ts'

export interface CudaMemory {
  readonly isOpen: boolean
  /** Contents undefined. */
  empty(shape: readonly number[]): CudaTensor
  tensor(shape: readonly number[], data?: Float32Array): CudaTensor
  ids(data: Int32Array): CudaIds
  /** Other ids, as many, where they lie. */
  rewrite(ids: CudaIds, data: Int32Array): void
  /** Addresses of rows sorted by the id they hold, and of where each of `slots` ids begins; some may have no rows. */
  rowsById(ids: CudaIds, vocabulary: number): { order: number; starts: number; slots: number }
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
  /** Watches work that leaves no tensor of its own behind. */
  watch(work: () => void): Watched
  bytes(): { currentBytes: number; peakBytes: number }
  dispose(): void
}

/** What some work used of the card's memory. */
interface Watched {
  /** Whether what it took is free again, and what it found is what it would find. */
  isAsItWas(): boolean
  /** Forgets bf16 copies that it made of tensors it found, because it never ran. */
  undo(): void
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
  /** Made where the gradient of an embedding first wants it. */
  rows: { block: Block; vocabulary: number } | null = null
  constructor(
    owner: Owner,
    public data: Int32Array,
  ) {
    super(owner, data.byteLength)
    this.length = data.length
  }

  override dispose(): void {
    this.rows?.block.dispose()
    this.rows = null
    super.dispose()
  }
}

/** Order of rows by id, then where each of at most `slots` ids begins, and their number where there are fewer. */
function sortedRows(data: Int32Array, vocabulary: number): Int32Array {
  const { order, starts } = rowsById(data, vocabulary)
  const all = new Int32Array(data.length + slotsOf(data.length, vocabulary) + 1).fill(data.length)
  all.set(order)
  all.set(starts, data.length)
  return all
}

const slotsOf = (count: number, vocabulary: number) => Math.min(count, vocabulary)

export function createMemory(device: Device): CudaMemory {
  const { driver } = device
  const pool = createPool(device)
  /** Tensors that were looked at, while somebody wants to know. */
  let seen: Set<CudaTensor> | null = null

  const upload = (address: number, data: ArrayBufferView) =>
    checkResult(driver.cuMemcpyHtoD_v2(address, data, data.byteLength), 'cuMemcpyHtoD_v2')
  const download = (data: ArrayBufferView, address: number) =>
    checkResult(driver.cuMemcpyDtoH_v2(data, address, data.byteLength), 'cuMemcpyDtoH_v2')
  function tensorOf(tensor: Tensor): CudaTensor {
    if (!(tensor instanceof CudaTensor) || tensor.owner !== pool)
      throw new Error('this tensor belongs to other kernels')
    seen?.add(tensor)
    return tensor
  }
  function tensorAt(tensor: Tensor, what: string, ...shape: number[]): CudaTensor {
    const own = tensorOf(tensor)
    if (own.shape.length !== shape.length || shape.some((size, i) => size !== own.shape[i]))
      throw new Error(`${what} is [${own.shape.join(', ')}] and should be [${shape.join(', ')}]`)
    return own
  }
  function idsOf(ids: Ids): CudaIds {
    if (!(ids instanceof CudaIds) || ids.owner !== pool) throw new Error('these ids belong to other kernels')
    return ids
  }
  function write(into: Tensor, data: Float32Array): void {
    const own = tensorOf(into)
    if (data.length !== own.count)
      throw new Error(`${data.length} numbers do not fill the shape [${own.shape.join(', ')}]`)
    own.forgetHalf()
    upload(own.address, data)
  }
  const empty = (shape: readonly number[]) => new CudaTensor(pool, [...shape])
  return {
    get isOpen() {
      return pool.isOpen
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
      const ids = new CudaIds(pool, data.slice())
      if (data.length > 0) upload(ids.address, ids.data)
      return ids
    },
    rewrite(ids, data) {
      if (data.length !== ids.length) throw new Error(`${data.length} ids do not take the place of ${ids.length}`)
      ids.data = data.slice()
      upload(ids.address, ids.data)
      if (ids.rows) upload(ids.rows.block.address, sortedRows(data, ids.rows.vocabulary))
    },
    rowsById(ids, vocabulary) {
      const slots = slotsOf(ids.length, vocabulary)
      if (ids.rows?.vocabulary !== vocabulary) {
        ids.rows?.block.dispose()
        ids.rows = { block: new Block(pool, 4 * (ids.length + slots + 1)), vocabulary }
        upload(ids.rows.block.address, sortedRows(ids.data, vocabulary))
      }
      const order = ids.rows.block.address
      return { order, starts: order + 4 * ids.length, slots }
    },
    half: (rows, stride) => new HalfCopy(pool, rows, stride),
    read(tensor) {
      const own = tensorOf(tensor)
      const data = new Float32Array(own.count)
      download(data, own.address)
      return data
    },
    write,
    borrow(bytes, work) {
      const stretch = pool.take(bytes)
      try {
        return work(stretch.address)
      } finally {
        pool.giveBack(stretch, bytes)
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
    watch(work) {
      const looked = (seen = new Set())
      const taken = pool.watch(work)
      seen = null
      const lasting = [...looked].filter(({ isHeld }) => isHeld).map((tensor) => ({ tensor, half: tensor.half }))
      return {
        isAsItWas: () =>
          lasting.every(({ tensor, half }) => tensor.isHeld && tensor.half === half) &&
          [...taken].every(({ state }) => state === 'free'),
        undo() {
          for (const { tensor } of lasting) if (tensor.half?.isOf(taken)) tensor.forgetHalf()
        },
      }
    },
    bytes: pool.bytes,
    dispose: pool.dispose,
  }
}
