// One matrix product on the card, in fp32 or bf16, and how its blocks share the work.
import type { Device } from './device.ts'
import { halfOf, type Precision } from './half.ts'
import type { CudaMemory, CudaTensor } from './memory.ts'

/** A matrix to multiply, as it lies on the card. */
export interface Operand {
  /** In fp32, rows one behind the other; not looked at in bf16. */
  address: number
  /** In bf16, rows of `stride` numbers. */
  half(): { address: number; stride: number }
}

export function operandOf(device: Device, memory: CudaMemory, tensor: CudaTensor): Operand {
  return { address: tensor.address, half: () => halfOf(device, memory, tensor) }
}

/** The rows from `from` on of a matrix [., width]. */
export function rowsFrom(operand: Operand, from: number, width: number): Operand {
  return {
    address: operand.address + 4 * from * width,
    half() {
      const { address, stride } = operand.half()
      return { address: address + 2 * from * stride, stride }
    },
  }
}

/** C [M, N] = alpha · A·B + bias + residual, added to what C holds where `isAdded`. */
export interface Product {
  A: Operand
  B: Operand
  C: number
  M: number
  N: number
  K: number
  /** A is [K, M]: C is summed over rows of both. Only with isAdded, as a weight's gradient. */
  isATransposed?: boolean
  /** B is [N, K]. */
  isBTransposed?: boolean
  bias?: number
  residual?: number
  /** For a bf16 copy of C. */
  half?: number
  alpha?: number
  isAdded?: boolean
}

/** How a precision's kernels are launched for a product, C given apart, in `parts` along the inner axis. */
interface Form {
  tile: number
  launch(C: number, parts: number, innerABlock: number, isAdded: boolean): void
}

const leastInner = 256 // of the inner axis for each block where several share it
const halfTileBytes = 3 * 2 * 2 * 128 * 40 // three slices of two operands

const tilesOf = ({ M, N }: Product, tile: number) => Math.ceil(M / tile) * Math.ceil(N / tile)

function fp32Form(device: Device, p: Product): Form {
  const tile = tilesOf(p, 128) >= device.multiprocessors ? 128 : 64
  const name = p.isATransposed ? 'productATransposed' : p.isBTransposed ? 'productBTransposed' : 'product'
  const { A, B, M, N, K, bias = 0, residual = 0, alpha = 1 } = p
  return {
    tile,
    launch(C, parts, inner, isAdded) {
      const grid = [Math.ceil(N / tile), Math.ceil(M / tile), parts] as const
      const args = [A.address, B.address, C, bias, residual, M, N, K, inner, alpha, +isAdded]
      device.launch(`${name}${tile === 128 ? 128 : 64}`, grid, 256, 0, ...args)
    },
  }
}

function bf16Form(device: Device, p: Product): Form {
  const name = p.isATransposed ? 'ATransposed' : p.isBTransposed ? 'BTransposed' : 'Plain'
  const { M, N, K, bias = 0, residual = 0, half = 0, alpha = 1 } = p
  const [A, B] = [p.A.half(), p.B.half()]
  return {
    tile: 128,
    launch(C, parts, inner, isAdded) {
      const sizes = [M, N, K, A.stride, B.stride, inner, alpha, +isAdded]
      const args = [A.address, B.address, C, bias, residual, half, ...sizes]
      device.launch(`halfProduct${name}`, [tilesOf(p, 128), 1, parts], 256, halfTileBytes, ...args)
    },
  }
}

/** Queues a product. */
export function product(device: Device, memory: CudaMemory, precision: Precision, p: Product): void {
  const { C, M, N, K, isATransposed, isAdded = false } = p
  const { tile, launch } = precision === 'bf16' ? bf16Form(device, p) : fp32Form(device, p)
  // A small result of a long sum: several blocks share each tile's inner axis, and their parts are added in order.
  const wanted = Math.floor((2 * device.multiprocessors) / tilesOf(p, tile))
  const parts = isATransposed ? Math.max(1, Math.min(wanted, Math.floor(K / leastInner))) : 1
  if (parts === 1) return launch(C, 1, K, isAdded)
  const inner = Math.ceil(K / parts / 32) * 32
  const made = Math.ceil(K / inner)
  memory.borrow(4 * made * M * N, (partsAt) => {
    launch(partsAt, made, inner, false)
    device.launchEach('addParts', M * N, partsAt, C, made)
  })
}
