// The kernels that work on rows: look-ups, the embedding and layer norm, each with its gradients.
import type { Kernels } from '../kernels.ts'
import { embeddingArguments, embeddingBackwardArguments, matrix } from '../shapes.ts'
import type { Device } from './device.ts'
import { halfBeside, type Precision } from './half.ts'
import type { CudaMemory } from './memory.ts'

const rowsAChunk = 128

interface ColumnSums {
  dy: number
  rows: number
  width: number
  /** Gains the sums of dy's columns. */
  intoSums: number
  /** Of the layer norm whose gain gathers the sums of dy ⊙ x̂. */
  norm?: { x: number; mean: number; rstd: number; intoGain: number }
}

/** Adds the sums of columns into a bias' gradient, and a norm's gain's; chunks of rows at a time, added in order. */
export function addColumnSums(
  device: Device,
  memory: CudaMemory,
  { dy, rows, width, intoSums, norm }: ColumnSums,
): void {
  const chunks = Math.ceil(rows / rowsAChunk)
  memory.borrow(2 * 4 * chunks * width, (sums) => {
    const products = sums + 4 * chunks * width
    const { x = 0, mean = 0, rstd = 0 } = norm ?? {}
    const sizes = [rows, width, rowsAChunk]
    device.launch('columnSums', [Math.ceil(width / 32), chunks], 256, 0, dy, x, mean, rstd, sums, products, ...sizes)
    device.launchEach('addParts', width, sums, intoSums, chunks)
    if (norm) device.launchEach('addParts', width, products, norm.intoGain, chunks)
  })
}

export function rowKernels(device: Device, memory: CudaMemory, precision: Precision) {
  const { at, idsWithin } = memory
  return {
    gatherRows(x, rows) {
      const [n, width] = matrix(x, 'x')
      const args = [at(x, 'x', n, width), idsWithin(rows, 'rows', 0, n)]
      const out = memory.empty([rows.length, width])
      device.launchEach('gatherRows', out.count, ...args, out.address, width)
      return out
    },
    embedding(ids, tokens, positions, places, scale) {
      const { addresses, n, width, T } = embeddingArguments(memory, ids, tokens, positions, places)
      const out = memory.empty([n, width])
      device.launchEach('embedding', out.count, ...addresses, out.address, width, T, scale)
      return out
    },
    embeddingBackward(dx, ids, T, scale, intoTokens, intoPositions) {
      const checked = embeddingBackwardArguments(memory, dx, ids, T, intoTokens, intoPositions)
      const { addresses, n, width, vocabulary } = checked
      const [slopes, own, tokensAt, positionsAt] = addresses
      const { order, starts, slots } = memory.rowsById(memory.idsOf(ids), vocabulary)
      const grid = [slots, Math.ceil(width / 128)] as const
      device.launch('embeddingBackwardTokens', grid, 128, 0, slopes, own, order, starts, tokensAt, width, scale)
      device.launchEach('embeddingBackwardPositions', Math.min(T, n) * width, slopes, positionsAt, n, width, T, scale)
    },

    layerNorm(x, gain, bias) {
      const [n, width] = matrix(x, 'x')
      const args = [at(x, 'x', n, width), at(gain, 'gain', width), at(bias, 'bias', width)]
      const [output, mean, rstd] = [memory.empty([n, width]), memory.empty([n]), memory.empty([n])]
      const results = [output.address, mean.address, rstd.address, halfBeside(memory, precision, output)]
      device.launch('layerNorm', [Math.ceil(n / 8)], 256, 0, ...args, ...results, n, width)
      return { output, mean, rstd }
    },
    layerNormBackward(dy, x, gain, mean, rstd, intoGain, intoBias, residual) {
      const [n, width] = matrix(x, 'x')
      const [slopes, rows] = [at(dy, 'dy', n, width), at(x, 'x', n, width)]
      const [means, rstds] = [at(mean, 'mean', n), at(rstd, 'rstd', n)]
      const skip = residual ? at(residual, 'residual', n, width) : 0
      const [gains, gainGradient] = [at(gain, 'gain', width), at(intoGain, 'intoGain', width)]
      const norm = { x: rows, mean: means, rstd: rstds, intoGain: gainGradient }
      addColumnSums(device, memory, { dy: slopes, rows: n, width, intoSums: at(intoBias, 'intoBias', width), norm })
      const dx = memory.empty([n, width])
      const args = [slopes, rows, gains, means, rstds, skip, dx.address, halfBeside(memory, precision, dx), n, width]
      device.launch('layerNormBackward', [Math.ceil(n / 8)], 256, 0, ...args)
      return dx
    },
  } satisfies Partial<Kernels>
}
