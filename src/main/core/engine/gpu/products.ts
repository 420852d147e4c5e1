// Matrix products on a graphics card: which tile, and in how many parts.
import type { GpuContext } from './context.ts'
import type { Range } from './device.ts'
import { product, sumParts, tiles, type Finish, type Form, type TileName } from './shaders/product.ts'
import { unrollOf } from './tuning.ts'

/**
 * C [m, n] of a sum over k; rows of A, B and C lie as far apart as they are long, unless a stride says otherwise: then
 * zeros lie between.
 */
export interface Size {
  m: number
  n: number
  k: number
  strides?: { a?: number; b?: number; c?: number }
}

const workgroups = (name: TileName, { m, n }: Size) =>
  Math.ceil(m / tiles[name].rows) * Math.ceil(n / tiles[name].columns)

/** The tile that should take the least time: as many workgroups at once as the card holds, one load after the other. */
function tileFor({ rates }: GpuContext, size: Size, parts: number): TileName {
  let best: { name: TileName; time: number } | null = null
  for (const name of Object.keys(tiles) as TileName[]) {
    const { alone, full } = rates[name]
    const load = (workgroups(name, size) * parts * alone) / full
    const time = ((tiles[name].rows * tiles[name].columns) / alone) * Math.max(1, load < 4 ? Math.ceil(load) : load)
    if (!best || time < best.time) best = { name, time }
  }
  return best!.name
}

function dispatch(
  context: GpuContext,
  form: Form,
  finish: Finish,
  size: Size,
  parts: number,
  scale: number,
  buffers: readonly Range[],
): void {
  const { m, n, k, strides = {} } = size
  const a = strides.a ?? (form === 'tn' ? m : k)
  const b = strides.b ?? (form === 'nt' ? k : n)
  const c = strides.c ?? n
  const tile = tileFor(context, size, parts)
  const { rows, columns, depth } = tiles[tile]
  const part = partSize(k, parts, depth)
  // what lies between a row's end and its stride is zero, or is not looked at
  const isFour = (stride: number) => stride % 4 === 0
  const cFour = isFour(c) && (finish === 'plain' || isFour(n))
  context.device.dispatch(
    product(form, tile, finish, isFour(a), isFour(b), cFour, unrollOf(context.device)),
    [Math.ceil(n / columns), Math.ceil(m / rows), parts],
    { m, n, k, a, b, c, part, scale },
    buffers,
    2 * m * n * k,
  )
}

const partSize = (k: number, parts: number, depth: number) => Math.ceil(Math.ceil(k / parts) / depth) * depth

/** c = scale · A·B with what follows it; `more` are the buffers of the finish. */
export function multiply(
  context: GpuContext,
  form: Form,
  finish: Exclude<Finish, 'parts'>,
  size: Size,
  a: Range,
  b: Range,
  c: Range,
  more: readonly Range[] = [],
  scale = 1,
): void {
  dispatch(context, form, finish, size, 1, scale, [a, b, c, ...more])
}

/**
 * Workgroups of the middle tile below which a sum is cut into parts: some on every processor of a large card, so that
 * none waits long for the last. And the shortest part.
 */
const enough = 2048
const shortestPart = 256

/**
 * into += scale · Aᵀ·B, and bias += the columns of B, in a fixed order: where few workgroups would be busy, parts of
 * the sum side by side, then added up. How many depends on the size alone, so that the same work has the same bits.
 */
export function multiplyInto(
  context: GpuContext,
  size: Size,
  a: Range,
  b: Range,
  into: Range,
  bias?: Range,
  scale = 1,
): void {
  const { m, n, k } = size
  const parts = Math.max(1, Math.min(Math.ceil(enough / workgroups('middle', size)), Math.floor(k / shortestPart), 16))
  if (parts === 1) {
    dispatch(context, 'tn', bias ? 'into with bias' : 'into', size, 1, scale, [a, b, into, ...(bias ? [bias] : [])])
    return
  }
  const sums = context.memory.empty([parts, m + 1, n])
  dispatch(context, 'tn', 'parts', size, parts, scale, [a, b, sums.range])
  const weights = m * n
  const count = bias ? weights + n : weights
  context.numbers(sumParts(bias !== undefined), count, { weights, size: weights + n, parts }, [
    sums.range,
    into,
    ...(bias ? [bias] : []),
  ])
  sums.dispose()
}
