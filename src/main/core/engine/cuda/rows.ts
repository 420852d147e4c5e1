// The kernels that work on rows: look-ups, the embedding and layer norm, each with its gradients.
import type { Kernels } from '../kernels.ts'
import { checkPositions, checkRows } from '../native/sequences.ts'
import type { Device } from './device.ts'
import { halfBeside, type Precision } from './half.ts'
import { type CudaMemory, matrix } from './memory.ts'

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

/** Rows by their id, in order, and where each id's rows begin. */
function sortRows(ids: Int32Array, vocabulary: number): { order: Int32Array; starts: Int32Array } {
  const ends = new Int32Array(vocabulary)
  for (const id of ids) ends[id]++
  const starts: number[] = []
  for (let id = 0, at = 0; id < vocabulary; id++) {
    const count = ends[id]
    if (count > 0) starts.push(at)
    ends[id] = at // from here on the place of the id's next row
    at += count
  }
  const order = new Int32Array(ids.length)
  ids.forEach((id, row) => {
    order[ends[id]++] = row
  })
  return { order, starts: Int32Array.from([...starts, ids.length]) }
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
      const [vocabulary, width] = matrix(tokens, 'tokens')
      const [most] = matrix(positions, 'positions')
      const n = ids.length
      const T = typeof places === 'number' ? places : n
      checkRows(n, T)
      if (typeof places === 'number') checkPositions(Math.min(T, n), most)
      else if (places.length !== n) throw new Error(`${places.length} places for ${n} ids`)
      const args = [
        idsWithin(ids, 'ids', 0, vocabulary),
        typeof places === 'number' ? 0 : idsWithin(places, 'positions', 0, most),
        at(tokens, 'tokens', vocabulary, width),
        at(positions, 'positions', most, width),
      ]
      const out = memory.empty([n, width])
      device.launchEach('embedding', out.count, ...args, out.address, width, T, scale)
      return out
    },
    embeddingBackward(dx, ids, T, scale, intoTokens, intoPositions) {
      const [n, width] = matrix(dx, 'dx')
      const [vocabulary] = matrix(intoTokens, 'intoTokens')
      const [places] = matrix(intoPositions, 'intoPositions')
      checkRows(n, T)
      if (ids.length !== n) throw new Error(`${ids.length} ids for ${n} rows`)
      checkPositions(Math.min(T, n), places)
      const slopes = at(dx, 'dx', n, width)
      const own = idsWithin(ids, 'ids', 0, vocabulary)
      const [table, table2] = [
        at(intoTokens, 'intoTokens', vocabulary, width),
        at(intoPositions, 'intoPositions', places, width),
      ]
      const { order, starts } = sortRows(memory.idsOf(ids).data, vocabulary)
      memory.borrow(4 * (order.length + starts.length), (orderAt) => {
        const startsAt = orderAt + 4 * order.length
        memory.upload(orderAt, order)
        memory.upload(startsAt, starts)
        const grid = [starts.length - 1, Math.ceil(width / 128)] as const
        device.launch('embeddingBackwardTokens', grid, 128, 0, slopes, own, orderAt, startsAt, table, width, scale)
      })
      device.launchEach('embeddingBackwardPositions', Math.min(T, n) * width, slopes, table2, n, width, T, scale)
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
