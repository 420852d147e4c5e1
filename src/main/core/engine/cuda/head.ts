// The tied head and the loss: by themselves, or in one, some rows at a time, so that the card never holds all logits.
import type { Kernels, Tensor } from '../kernels.ts'
import type { Device } from './device.ts'
import type { Precision } from './half.ts'
import { matrix } from '../shapes.ts'
import type { CudaMemory, CudaTensor } from './memory.ts'
import { type Operand, operandOf, product, type Product, rowsFrom } from './product.ts'

/** Of a card's memory for the logits of one chunk of rows, within bounds that keep the card busy. */
const share = 1 / 64
const [leastBytes, mostBytes] = [2 ** 27, 2 ** 30]

/** Rows whose logits are held at once, whole tiles of them. */
function chunkRows(memoryBytes: number, vocabulary: number): number {
  const bytes = Math.min(mostBytes, Math.max(leastBytes, share * memoryBytes))
  return Math.max(128, Math.floor(bytes / (4 * vocabulary * 128)) * 128)
}

/** x [n, width] and tokens [vocabulary, width]; gradients of the tokens go into `into`. */
interface Sizes {
  n: number
  width: number
  vocabulary: number
  scale: number
}

export function headKernels(device: Device, memory: CudaMemory, precision: Precision, rowsAtOnce?: number) {
  const { at } = memory
  const multiply = (p: Product) => product(device, memory, precision, p)
  const operandAt = (...named: Parameters<CudaMemory['tensorAt']>) =>
    operandOf(device, memory, memory.tensorAt(...named))
  const sizesOf = (x: Tensor, tokens: Tensor, scale: number): Sizes => {
    const [n, width] = matrix(x, 'x')
    return { n, width, vocabulary: matrix(tokens, 'tokens')[0], scale }
  }
  function forward(A: Operand, B: Operand, C: number, { n, width, vocabulary, scale }: Sizes): void {
    multiply({ A, B, C, M: n, N: vocabulary, K: width, isBTransposed: true, alpha: scale })
  }
  function backward(slopes: Operand, rows: Operand, table: Operand, dx: number, into: number, sizes: Sizes): void {
    const { n, width, vocabulary, scale: alpha } = sizes
    const summed = { M: vocabulary, N: width, K: n, isATransposed: true, isAdded: true, alpha }
    multiply({ A: slopes, B: rows, C: into, ...summed })
    multiply({ A: slopes, B: table, C: dx, M: n, N: width, K: vocabulary, alpha })
  }
  /** Losses of `n` rows, and the gradient over the logits or, with `half`, there in bf16. */
  function loss(
    logits: number,
    targets: number,
    losses: number,
    { n, vocabulary }: Pick<Sizes, 'n' | 'vocabulary'>,
    gradientScale: number | undefined,
    half = { address: 0, stride: 0 },
  ): void {
    const threads = vocabulary > 8192 ? 1024 : 256 // few enough rows at once for the second look to find them cached
    const scale = [gradientScale === undefined ? 0 : 1, gradientScale ?? 0]
    const args = [logits, targets, losses, half.address, vocabulary, half.stride, ...scale]
    device.launch('crossEntropy', [n], threads, 0, ...args)
  }
  return {
    head(x, tokens, scale) {
      const sizes = sizesOf(x, tokens, scale)
      const { n, width, vocabulary } = sizes
      const [rows, table] = [operandAt(x, 'x', n, width), operandAt(tokens, 'tokens', vocabulary, width)]
      const logits = memory.empty([n, vocabulary])
      forward(rows, table, logits.address, sizes)
      return logits
    },
    headBackward(dLogits, x, tokens, scale, intoTokens) {
      const sizes = sizesOf(x, tokens, scale)
      const { n, width, vocabulary } = sizes
      const slopes = operandAt(dLogits, 'dLogits', n, vocabulary)
      const [rows, table] = [operandAt(x, 'x', n, width), operandAt(tokens, 'tokens', vocabulary, width)]
      const into = at(intoTokens, 'intoTokens', vocabulary, width)
      const dx = memory.empty([n, width])
      backward(slopes, rows, table, dx.address, into, sizes)
      return dx
    },
    crossEntropy(logits, targets, gradientScale) {
      const [n, vocabulary] = matrix(logits, 'logits')
      if (targets.length !== n) throw new Error(`${targets.length} targets for ${n} rows`)
      const own = memory.tensorAt(logits, 'logits', n, vocabulary)
      const wanted = memory.idsWithin(targets, 'targets', -(2 ** 31), vocabulary)
      const losses = memory.empty([n])
      loss(own.address, wanted, losses.address, { n, vocabulary }, gradientScale)
      if (gradientScale !== undefined) own.forgetHalf()
      return losses
    },
    headLoss(x, tokens, scale, targets, training) {
      const sizes = sizesOf(x, tokens, scale)
      const { n, width, vocabulary } = sizes
      if (targets.length !== n) throw new Error(`${targets.length} targets for ${n} rows`)
      const [rows, table] = [operandAt(x, 'x', n, width), operandAt(tokens, 'tokens', vocabulary, width)]
      const wanted = memory.idsWithin(targets, 'targets', -(2 ** 31), vocabulary)
      const into = training ? at(training.intoTokens, 'intoTokens', vocabulary, width) : 0
      const losses = memory.empty([n])
      const dx: CudaTensor | undefined = training && memory.empty([n, width])
      const chunk = Math.min(n, rowsAtOnce ?? chunkRows(device.memoryBytes, vocabulary))
      const logits = memory.empty([chunk, vocabulary])
      const half = training && precision === 'bf16' ? memory.half(chunk, Math.ceil(vocabulary / 8) * 8) : undefined
      for (let from = 0; from < n; from += chunk) {
        const part = { ...sizes, n: Math.min(chunk, n - from) }
        const own = rowsFrom(rows, from, width)
        forward(own, table, logits.address, part)
        loss(logits.address, wanted + 4 * from, losses.address + 4 * from, part, training?.gradientScale, half)
        const slopes = { address: logits.address, half: () => half! }
        if (dx) backward(slopes, own, table, dx.address + 4 * from * width, into, part)
      }
      logits.dispose()
      half?.dispose()
      return { losses, dx }
    },
  } satisfies Partial<Kernels>
}
