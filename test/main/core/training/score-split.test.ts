import { describe, expect, it } from 'vitest'
import { scoreBlocks, splitBlocks } from '#main/core/training/score-split.ts'

const tokens = (length: number) => ({
  length,
  read: (offset: number, count: number) => Uint16Array.from({ length: count }, (_, i) => (offset + i) % 65_536),
  close: () => undefined,
})
const firsts = (blocks: Iterable<{ inputs: Int32Array; rows: number; columns: number }>) =>
  [...blocks].flatMap(({ inputs, rows, columns }) => Array.from({ length: rows }, (_, row) => inputs[row * columns]))

describe('the validation split in blocks', () => {
  const choice = { context: 8, sequences: 20, rows: 4 }

  it('gives the whole split once and in order', () => {
    const split = splitBlocks(tokens(8 * 300 + 5), choice)!
    expect(firsts(split.whole())).toEqual(Array.from({ length: 300 }, (_, i) => 8 * i))
  })

  it('draws the same part every time, from all over the split', () => {
    const split = splitBlocks(tokens(8 * 300 + 5), choice)!
    const drawn = firsts(split.part())
    expect(new Set(drawn).size).toBe(20)
    expect(firsts(split.part())).toEqual(drawn)
    expect(firsts(splitBlocks(tokens(8 * 300 + 5), { ...choice, rows: 1 })!.part())).toEqual(drawn)
    for (const third of [0, 1, 2])
      expect(drawn.filter((first) => Math.floor(first / 800) === third).length).toBeGreaterThan(2)
  })

  it('makes blocks enough for a standard error, and none larger than asked for', () => {
    const split = splitBlocks(tokens(8 * 300 + 5), { ...choice, rows: 64 })!
    expect([...split.whole()].length).toBeGreaterThanOrEqual(32)
    expect(Math.max(...[...splitBlocks(tokens(8 * 9000), choice)!.whole()].map(({ rows }) => rows))).toBe(4)
  })

  it('draws from a split of more than four million tokens', () => {
    const split = splitBlocks(tokens(2 ** 23 + 1), { context: 1024, sequences: 32, rows: 64 })!
    const blocks = [...split.whole()]
    expect(blocks.reduce((sum, { rows }) => sum + rows, 0)).toBe(4096)
    const inOrder = splitBlocks(tokens(2 ** 22 + 1), { context: 1024, sequences: 32, rows: 64 })!.whole()
    expect(firsts(blocks)).not.toEqual(firsts(inOrder)) // their first tokens repeat, but in another order
  })

  it('has nothing where the split is shorter than a sequence and the token after it', () => {
    expect(splitBlocks(tokens(8), choice)).toBeNull()
    expect(splitBlocks(tokens(9), choice)).not.toBeNull()
  })
})

describe('a loss over blocks', () => {
  const block = (rows: number) => ({ inputs: new Int32Array(rows), targets: new Int32Array(rows), rows, columns: 1 })

  it('has the standard error of a mean of independent blocks', async () => {
    // Ten blocks drawn from one law: over many texts the error predicts the scatter of the mean.
    const { createRandom } = await import('#shared/random.ts')
    const random = createRandom(3)
    const means: number[] = []
    let squared = 0
    for (let text = 0; text < 2000; text++) {
      const score = await scoreBlocks(
        async () => 3 + random.normal(),
        Array.from({ length: 10 }, () => block(4)),
      )
      means.push(score!.loss)
      squared += score!.standardError! ** 2 / 2000
    }
    const scatter = Math.sqrt(means.reduce((sum, one) => sum + (one - 3) ** 2, 0) / means.length)
    expect(Math.sqrt(squared) / scatter).toBeCloseTo(1, 1)
  })

  it('weighs blocks by their tokens, and knows no error of one', async () => {
    const losses = [1, 4]
    let i = 0
    expect(await scoreBlocks(async () => losses[i++], [block(3), block(1)])).toMatchObject({ loss: 1.75, tokens: 4 })
    expect(await scoreBlocks(async () => 2, [block(3)])).toEqual({ loss: 2, tokens: 3, standardError: null })
    expect(await scoreBlocks(async () => 2, [])).toBeNull()
  })
})
