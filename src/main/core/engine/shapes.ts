// What our engines ask of a kernel's arguments before the kernel, which believes them, is given their addresses.
import { Fault } from '#shared/fault.ts'
import type { AttentionGeometry, Ids, Tensor } from './kernels.ts'

/** An axis' largest size, which kernels are given as an int. */
const largestAxis = 2 ** 31 - 1
const mostNumbers = 2 ** 40
const largestHead = 256

/** How many numbers a shape holds. */
export function countOf(shape: readonly number[]): number {
  let count = 1
  for (const size of shape) {
    if (!Number.isInteger(size) || size < 1 || size > largestAxis)
      throw new Error(`[${shape.join(', ')}] is no shape of a tensor`)
    count *= size
  }
  if (count > mostNumbers)
    throw new Fault('too-large', `A tensor of shape [${shape.join(', ')}] does not fit any memory.`)
  return count
}

/** The two sizes of a matrix. */
export function matrix({ shape }: Tensor, what: string): readonly [number, number] {
  if (shape.length !== 2) throw new Error(`${what} is [${shape.join(', ')}] and should be a matrix`)
  return [shape[0], shape[1]]
}

/** d of qkv [N, 3d]. */
export function widthOf(qkv: Tensor): number {
  const [, triple] = matrix(qkv, 'qkv')
  if (triple % 3 !== 0) throw new Error(`qkv has ${triple} columns, which is not three times anything`)
  return triple / 3
}

/** Whether rows, sequences and heads fit each other. */
export function checkGeometry({ rows, context: T, heads, scale }: AttentionGeometry, n: number, width: number): void {
  if (!Number.isInteger(rows) || !Number.isInteger(T) || rows < 1 || T < 1 || rows * T !== n) {
    throw new Error(`${rows} sequences of ${T} tokens do not make ${n} rows`)
  }
  if (!Number.isInteger(heads) || heads < 1 || width % heads !== 0)
    throw new Error(`${width} features cannot be split over ${heads} heads`)
  if (width / heads > largestHead)
    throw new Fault(
      'bad-input',
      `A head of ${width / heads} features is too large; this engine takes up to ${largestHead}. More heads make smaller ones.`,
    )
  if (!Number.isFinite(scale)) throw new Error(`${scale} cannot scale the scores`)
}

/** An engine's own way to a tensor's address, and to that of ids that all lie in [from, below). */
export interface Addresses {
  at(tensor: Tensor, what: string, ...shape: number[]): number
  idsWithin(ids: Ids, what: string, from: number, below: number): number
}

const checkRows = (n: number, T: number): void => {
  if (n < 1 || !Number.isInteger(T) || T < 1) throw new Error(`${n} rows cannot lie in sequences of ${T} tokens`)
}

const checkPositions = (count: number, most: number): void => {
  if (count > most) throw new Error(`${count} tokens do not fit ${most} positions`)
}

/** Kernels.embedding: addresses of ids, of places (0 where rows have those of sequences of T), and of both tables. */
export function embeddingArguments(
  { at, idsWithin }: Addresses,
  ids: Ids,
  tokens: Tensor,
  positions: Tensor,
  places: number | Ids,
) {
  const [vocabulary, width] = matrix(tokens, 'tokens')
  const [most] = matrix(positions, 'positions')
  const n = ids.length
  const T = typeof places === 'number' ? places : n
  checkRows(n, T)
  if (typeof places === 'number') checkPositions(Math.min(T, n), most)
  else if (places.length !== n) throw new Error(`${places.length} places for ${n} ids`)
  const addresses = [
    idsWithin(ids, 'ids', 0, vocabulary),
    typeof places === 'number' ? 0 : idsWithin(places, 'positions', 0, most),
    at(tokens, 'tokens', vocabulary, width),
    at(positions, 'positions', most, width),
  ]
  return { addresses, n, width, T }
}

/** Kernels.embeddingBackward: addresses of the slopes, the ids, and both tables' gradients. */
export function embeddingBackwardArguments(
  { at, idsWithin }: Addresses,
  dx: Tensor,
  ids: Ids,
  T: number,
  intoTokens: Tensor,
  intoPositions: Tensor,
) {
  const [n, width] = matrix(dx, 'dx')
  const [vocabulary] = matrix(intoTokens, 'intoTokens')
  const [places] = matrix(intoPositions, 'intoPositions')
  checkRows(n, T)
  if (ids.length !== n) throw new Error(`${ids.length} ids for ${n} rows`)
  checkPositions(Math.min(T, n), places)
  const addresses = [
    at(dx, 'dx', n, width),
    idsWithin(ids, 'ids', 0, vocabulary),
    at(intoTokens, 'intoTokens', vocabulary, width),
    at(intoPositions, 'intoPositions', places, width),
  ] as const
  return { addresses, n, width, vocabulary }
}
