// The matrix products: linear layers with what follows them, the tied head, and their gradients.
import type { Kernels, Tensor } from '../kernels.ts'
import type { Device } from './device.ts'
import { type CudaMemory, matrix } from './memory.ts'
import { addColumnSums } from './rows.ts'

/** C [M, N] = alpha · A·B + bias + residual, added to what C holds where `isAdded`. */
interface Product {
  A: number
  B: number
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
  alpha?: number
  isAdded?: boolean
}

const leastInner = 256 // of the inner axis for each block where several share it

/** Queues a product in fp32. */
function product(device: Device, memory: CudaMemory, p: Product): void {
  const { A, B, C, M, N, K, bias = 0, residual = 0, alpha = 1, isAdded = false } = p
  const tiles = (size: number) => Math.ceil(M / size) * Math.ceil(N / size)
  const tile = tiles(128) >= device.multiprocessors ? 128 : 64
  const form = p.isATransposed ? 'productATransposed' : p.isBTransposed ? 'productBTransposed' : 'product'
  const grid = [Math.ceil(N / tile), Math.ceil(M / tile)] as const
  const launch = (to: number, parts: number, inner: number, isSum: boolean) =>
    device.launch(`${form}${tile}`, [...grid, parts], 256, 0, A, B, to, bias, residual, M, N, K, inner, alpha, +isSum)
  // A small result of a long sum: several blocks share each tile's inner axis, and their parts are added in order.
  const wanted = Math.floor((2 * device.multiprocessors) / tiles(tile))
  const parts = p.isATransposed ? Math.max(1, Math.min(wanted, Math.floor(K / leastInner))) : 1
  if (parts === 1) return launch(C, 1, K, isAdded)
  const inner = Math.ceil(K / parts / 16) * 16
  const made = Math.ceil(K / inner)
  memory.borrow(4 * made * M * N, (partsAt) => {
    launch(partsAt, made, inner, false)
    device.launchEach('addParts', M * N, partsAt, C, made)
  })
}

export function productKernels(device: Device, memory: CudaMemory) {
  const { at } = memory
  function linear(x: Tensor, weight: Tensor, bias: Tensor, residual?: Tensor) {
    const [n, inner] = matrix(x, 'x')
    const [, outer] = matrix(weight, 'weight')
    const operands = {
      A: at(x, 'x', n, inner),
      B: at(weight, 'weight', inner, outer),
      bias: at(bias, 'bias', outer),
      residual: residual ? at(residual, 'residual', n, outer) : 0,
    }
    const out = memory.empty([n, outer])
    product(device, memory, { ...operands, C: out.address, M: n, N: outer, K: inner })
    return out
  }
  return {
    linear,
    linearGelu(x, weight, bias, form) {
      const before = linear(x, weight, bias)
      const after = memory.empty(before.shape)
      device.launchEach('gelu', before.count, before.address, after.address, +(form === 'gelu_new'))
      return { before, after }
    },
    linearBackward(dy, x, weight, intoWeight, intoBias) {
      const [n, outer] = matrix(dy, 'dy')
      const [inner] = matrix(weight, 'weight')
      const slopes = at(dy, 'dy', n, outer)
      const rows = at(x, 'x', n, inner)
      const columns = at(weight, 'weight', inner, outer)
      const gradient = at(intoWeight, 'intoWeight', inner, outer)
      addColumnSums(device, memory, { dy: slopes, rows: n, width: outer, intoSums: at(intoBias, 'intoBias', outer) })
      product(device, memory, {
        A: rows,
        B: slopes,
        C: gradient,
        M: inner,
        N: outer,
        K: n,
        isATransposed: true,
        isAdded: true,
      })
      const dx = memory.empty([n, inner])
      product(device, memory, { A: slopes, B: columns, C: dx.address, M: n, N: inner, K: outer, isBTransposed: true })
      return dx
    },
    geluBackward(dy, before, form) {
      const own = memory.tensorOf(before)
      const slopes = at(dy, 'dy', ...own.shape)
      const dx = memory.empty(own.shape)
      device.launchEach('geluBackward', own.count, slopes, own.address, dx.address, +(form === 'gelu_new'))
      return dx
    },
    head(x, tokens, scale) {
      const [n, width] = matrix(x, 'x')
      const [vocabulary] = matrix(tokens, 'tokens')
      const operands = { A: at(x, 'x', n, width), B: at(tokens, 'tokens', vocabulary, width) }
      const logits = memory.empty([n, vocabulary])
      const sizes = { M: n, N: vocabulary, K: width, isBTransposed: true, alpha: scale }
      product(device, memory, { ...operands, ...sizes, C: logits.address })
      return logits
    },
    headBackward(dLogits, x, tokens, scale, intoTokens) {
      const [n, width] = matrix(x, 'x')
      const [vocabulary] = matrix(tokens, 'tokens')
      const slopes = at(dLogits, 'dLogits', n, vocabulary)
      const [rows, table] = [at(x, 'x', n, width), at(tokens, 'tokens', vocabulary, width)]
      const gradient = at(intoTokens, 'intoTokens', vocabulary, width)
      const summed = { M: vocabulary, N: width, K: n, isATransposed: true, isAdded: true, alpha: scale }
      product(device, memory, { A: slopes, B: rows, C: gradient, ...summed })
      const dx = memory.empty([n, width])
      product(device, memory, { A: slopes, B: table, C: dx.address, M: n, N: width, K: vocabulary, alpha: scale })
      return dx
    },
  } satisfies Partial<Kernels>
}
