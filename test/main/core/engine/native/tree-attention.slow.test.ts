// Attention over texts that begin alike, in one call, against the same piece by piece, over random shapes.
import { afterAll, expect, it } from 'vitest'
import type { TreeSegment } from '#main/core/engine/kernels.ts'
import { createNativeKernels } from '#main/core/engine/native/native.ts'
import { createReferenceKernels } from '#main/core/engine/reference.ts'
import { createDice, distance } from '../numbers.ts'

const k = createNativeKernels({ threads: 3 })
const reference = createReferenceKernels()
afterAll(() => k.dispose())
const dice = createDice(5)
const one = (from: number, below: number) => dice.integers(1, from, below)[0]
/** Around the edges of registers and tiles, and now and then beyond a tile of keys. */
const length = (least: number) =>
  one(0, 8) === 0 ? one(200, 300) : one(0, 3) === 0 ? [15, 16, 31, 32, 33, 48, 64][one(0, 7)] : one(least, 12)

it('texts of every length agree with their pieces', async () => {
  for (let i = 0; i < 150; i++) {
    const [heads, features, held] = [one(1, 4), one(1, 40), one(0, 2) * length(1)]
    const width = heads * features
    const segments = Array.from({ length: one(1, 4) }, () => [
      { count: length(0), isPrefix: true },
      ...Array.from({ length: one(0, 4) }, () => ({ count: length(1), isPrefix: false })),
    ]).flat()
    const rows = segments.reduce((sum, { count }) => sum + count, 0)
    if (rows === 0) continue
    const geometry = { heads, scale: 1 / Math.sqrt(features) }
    const [qkv, sharedData] = [dice.normals(rows * 3 * width), dice.normals(held * 3 * width)]

    const cache = k.cache(1, held + 2, width)
    const made = [k.tensor([rows, 3 * width], qkv)]
    if (held > 0) {
      made.push(k.tensor([held, 3 * width], sharedData))
      made.push(k.cachedAttention(made[1], cache, { ...geometry, rows: 1, context: held }))
    }
    const output = k.treeAttention(made[0], segments, held > 0 ? cache : null, geometry)
    const actual = await k.read(output)
    expect(cache.length).toBe(held)
    for (const tensor of [...made, output]) tensor.dispose()
    cache.dispose()

    const expected = await inPieces(segments, qkv, held, sharedData, width, geometry)
    const far = distance([...actual], [...expected])
    if (!(far <= 1e-4)) expect.fail(`${heads}x${features}, shared ${held}, ${JSON.stringify(segments)}: ${far} away`)
  }
}, 120_000)

async function inPieces(
  segments: TreeSegment[],
  qkv: Float32Array,
  held: number,
  sharedData: Float32Array,
  width: number,
  geometry: { heads: number; scale: number },
): Promise<Float32Array> {
  const cache = reference.cache(1, held + 700, width)
  const along = async (data: Float32Array) =>
    reference.read(
      reference.cachedAttention(reference.tensor([data.length / (3 * width), 3 * width], data), cache, {
        ...geometry,
        rows: 1,
        context: data.length / (3 * width),
      }),
    )
  if (held > 0) await along(sharedData)
  const parts: number[] = []
  let [at, base] = [0, held]
  for (const { count, isPrefix } of segments) {
    cache.rewind(isPrefix ? held : base)
    if (count > 0)
      for (const value of await along(qkv.slice(at * 3 * width, (at + count) * 3 * width))) parts.push(value)
    if (isPrefix) base = held + count
    at += count
  }
  return Float32Array.from(parts)
}

it('argmax is the first of the largest', async () => {
  for (const [rows, width] of [
    [1, 1],
    [3, 7],
    [40, 16],
    [17, 33],
    [200, 500],
  ]) {
    const values = dice.normals(rows * width).map((value) => Math.round(value)) // so that many are equal
    const x = k.tensor([rows, width], Float32Array.from(values))
    const places = Array.from({ length: rows }, (_, row) => {
      const own = [...values.subarray(row * width, (row + 1) * width)]
      return own.indexOf(Math.max(...own))
    })
    expect([...(await k.argmax(x))]).toEqual(places)
    x.dispose()
  }
})
