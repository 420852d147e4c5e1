// How fast each product tile is on this card, so that the fastest is taken for every size. Measured in a second and
// remembered by card and driver. Whichever tile is taken, the sums have the same order and so the same bits.
import type { GpuDevice } from './device.ts'
import { createGpuMemory } from './memory.ts'
import { product, tiles, type TileName } from './shaders/product.ts'

/** FLOP/s of one workgroup alone, and of a card full of them. */
export interface TileRate {
  alone: number
  full: number
}
export type TileRates = Record<TileName, TileRate>

/** Until a card is measured: those of a card with a hundred processors. */
export const usualRates: TileRates = {
  large: { alone: 200e9, full: 24e12 },
  middle: { alone: 75e9, full: 20e12 },
  small: { alone: 47e9, full: 17e12 },
}

/** Innermost steps written out, by kind of device. */
export const unrollOf = ({ facts }: Pick<GpuDevice, 'facts'>): number => (facts.isSoftware ? 1 : 8)

const secondsEach = 0.03
const smallestSide = 512
const largestSide = 4096

export async function measureTiles(device: GpuDevice): Promise<TileRates> {
  const memory = createGpuMemory(device)
  const side = await sideFor(device)
  const [a, b, c] = [0, 1, 2].map(() => memory.empty([side, side]))
  const ranges = [a, b, c].map(({ range }) => range)
  const rates = {} as TileRates
  for (const name of Object.keys(tiles) as TileName[]) {
    const { rows, columns } = tiles[name]
    rates[name] = {
      alone: await rate(device, name, ranges, { m: rows, n: columns, k: side }),
      full: await rate(device, name, ranges, { m: side, n: side, k: side }),
    }
  }
  for (const tensor of [a, b, c]) tensor.dispose()
  return rates
}

/** The side of which one product takes some milliseconds: a fast card is full only then. */
async function sideFor(device: GpuDevice): Promise<number> {
  const memory = createGpuMemory(device)
  let side = smallestSide
  for (;;) {
    const tensors = [0, 1, 2].map(() => memory.empty([side, side]))
    const flops = await rate(
      device,
      'middle',
      tensors.map(({ range }) => range),
      { m: side, n: side, k: side },
    )
    for (const tensor of tensors) tensor.dispose()
    if (side >= largestSide || (2 * side ** 3) / flops > secondsEach / 20) return side
    side *= 2
  }
}

async function rate(
  device: GpuDevice,
  name: TileName,
  [a, b, c]: Parameters<GpuDevice['dispatch']>[3],
  { m, n, k }: { m: number; n: number; k: number },
): Promise<number> {
  const { rows, columns } = tiles[name]
  const once = () =>
    device.dispatch(
      product('nn', name, 'plain', true, true, true, unrollOf(device)),
      [Math.ceil(n / columns), Math.ceil(m / rows), 1],
      { m, n, k, a: k, b: n, c: n, part: k, scale: 1 },
      [a, b, c],
      2 * m * n * k,
    )
  const done = () => device.read(c, new Float32Array(4))
  once()
  await done()
  let [count, seconds] = [0, 0]
  const startedAt = performance.now()
  for (let batch = 1; seconds < secondsEach; batch *= 2) {
    for (let i = 0; i < batch; i++) once()
    count += batch
    await done()
    seconds = (performance.now() - startedAt) / 1000
  }
  return (count * 2 * m * n * k) / seconds
}
