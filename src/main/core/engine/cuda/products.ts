// The matrix products: linear layers with what follows them, the tied head, and their gradients.
import type { Kernels, Tensor } from '../kernels.ts'
import type { Device } from './device.ts'
import { halfBeside, halfOf, type Precision } from './half.ts'
import { type CudaMemory, type CudaTensor, matrix } from './memory.ts'
import { addColumnSums } from './rows.ts'

/** C [M, N] = alpha · A·B + bias + residual, added to what C holds where `isAdded`. */
interface Product {
  A: CudaTensor
  B: CudaTensor
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

function bf16Form(device: Device, memory: CudaMemory, p: Product): Form {
  const name = p.isATransposed ? 'ATransposed' : p.isBTransposed ? 'BTransposed' : 'Plain'
  const { M, N, K, bias = 0, residual = 0, half = 0, alpha = 1 } = p
  const [A, B] = [halfOf(device, memory, p.A), halfOf(device, memory, p.B)]
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
function product(device: Device, memory: CudaMemory, precision: Precision, p: Product): void {
  const { C, M, N, K, isATransposed, isAdded = false } = p
  const { tile, launch } = precision === 'bf16' ? bf16Form(device, memory, p) : fp32Form(device, p)
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

export function productKernels(device: Device, memory: CudaMemory, precision: Precision) {
  const { at, tensorAt } = memory
  const multiply = (p: Product) => product(device, memory, precision, p)
  function linear(x: Tensor, weight: Tensor, bias: Tensor, residual?: Tensor, isFollowedByProduct = false) {
    const [n, inner] = matrix(x, 'x')
    const [, outer] = matrix(weight, 'weight')
    const operands = {
      A: tensorAt(x, 'x', n, inner),
      B: tensorAt(weight, 'weight', inner, outer),
      bias: at(bias, 'bias', outer),
      residual: residual ? at(residual, 'residual', n, outer) : 0,
    }
    const out = memory.empty([n, outer])
    const half = isFollowedByProduct ? halfBeside(memory, precision, out) : 0
    multiply({ ...operands, C: out.address, half, M: n, N: outer, K: inner })
    return out
  }
  return {
    // What is added to a skip goes on to a norm; what is not, to attention.
    linear: (x, weight, bias, residual) => linear(x, weight, bias, residual, !residual),
    linearGelu(x, weight, bias, form) {
      const before = linear(x, weight, bias)
      const after = memory.empty(before.shape)
      device.launchEach(
        'gelu',
        before.count,
        before.address,
        after.address,
        halfBeside(memory, precision, after),
        +(form === 'gelu_new'),
      )
      return { before, after }
    },
    linearBackward(dy, x, weight, intoWeight, intoBias) {
      const [n, outer] = matrix(dy, 'dy')
      const [inner] = matrix(weight, 'weight')
      const slopes = tensorAt(dy, 'dy', n, outer)
      const rows = tensorAt(x, 'x', n, inner)
      const columns = tensorAt(weight, 'weight', inner, outer)
      const gradient = at(intoWeight, 'intoWeight', inner, outer)
      addColumnSums(device, memory, {
        dy: slopes.address,
        rows: n,
        width: outer,
        intoSums: at(intoBias, 'intoBias', outer),
      })
      multiply({ A: rows, B: slopes, C: gradient, M: inner, N: outer, K: n, isATransposed: true, isAdded: true })
      const dx = memory.empty([n, inner])
      multiply({ A: slopes, B: columns, C: dx.address, M: n, N: inner, K: outer, isBTransposed: true })
      return dx
    },
    geluBackward(dy, before, form) {
      const own = memory.tensorOf(before)
      const slopes = at(dy, 'dy', ...own.shape)
      const dx = memory.empty(own.shape)
      device.launchEach(
        'geluBackward',
        own.count,
        slopes,
        own.address,
        dx.address,
        halfBeside(memory, precision, dx),
        +(form === 'gelu_new'),
      )
      return dx
    },
    head(x, tokens, scale) {
      const [n, width] = matrix(x, 'x')
      const [vocabulary] = matrix(tokens, 'tokens')
      const operands = { A: tensorAt(x, 'x', n, width), B: tensorAt(tokens, 'tokens', vocabulary, width) }
      const logits = memory.empty([n, vocabulary])
      const sizes = { M: n, N: vocabulary, K: width, isBTransposed: true, alpha: scale }
      multiply({ ...operands, ...sizes, C: logits.address })
      return logits
    },
    headBackward(dLogits, x, tokens, scale, intoTokens) {
      const [n, width] = matrix(x, 'x')
      const [vocabulary] = matrix(tokens, 'tokens')
      const slopes = tensorAt(dLogits, 'dLogits', n, vocabulary)
      const [rows, table] = [tensorAt(x, 'x', n, width), tensorAt(tokens, 'tokens', vocabulary, width)]
      const gradient = at(intoTokens, 'intoTokens', vocabulary, width)
      const summed = { M: vocabulary, N: width, K: n, isATransposed: true, isAdded: true, alpha: scale }
      multiply({ A: slopes, B: rows, C: gradient, ...summed })
      const dx = memory.empty([n, width])
      multiply({ A: slopes, B: table, C: dx.address, M: n, N: width, K: vocabulary, alpha: scale })
      return dx
    },
  } satisfies Partial<Kernels>
}
