// Scoring texts that begin alike must give what scoring each of them alone gives.
import { describe, expect, it } from 'vitest'
import { createGpt } from '#main/core/engine/gpt.ts'
import type { Kernels } from '#main/core/engine/kernels.ts'
import { createNativeKernels } from '#main/core/engine/native/native.ts'
import { findLibrary } from '#main/core/engine/native/library.ts'
import { createReferenceKernels } from '#main/core/engine/reference.ts'
import type { PrefixTree, TokenScore } from '#main/core/engine/engine.ts'
import { createDice } from './numbers.ts'
import { adam, randomBatch, tinyModel } from './tiny.ts'

const model = tinyModel({ shape: { layers: 2, width: 12, heads: 3, context: 40, vocabulary: 13 } })
const dice = createDice(11)
const ids = (count: number) => Int32Array.from(dice.integers(count, 0, 13))
const suffix = (count: number) => ({ inputs: ids(count), targets: ids(count).map((id, i) => (i % 4 === 2 ? -1 : id)) })
const tree = (prefix: number[] | Int32Array, ...suffixes: number[]): PrefixTree => ({
  prefix: Int32Array.from(prefix),
  suffixes: suffixes.map(suffix),
})

async function apart(engine: ReturnType<typeof createGpt>, trees: PrefixTree[]): Promise<TokenScore[][][]> {
  const all: TokenScore[][][] = []
  for (const { prefix, suffixes } of trees) {
    const scores: TokenScore[][] = []
    for (const { inputs, targets } of suffixes) {
      const columns = prefix.length + inputs.length
      const whole = {
        inputs: Int32Array.from([...prefix, ...inputs]),
        targets: Int32Array.from([...prefix.map(() => -1), ...targets]),
        rows: 1,
        columns,
      }
      scores.push((await engine.score(whole)).slice(prefix.length))
    }
    all.push(scores)
  }
  return all
}

function expectClose(ours: TokenScore[][][], theirs: TokenScore[][][]): void {
  expect(ours.map((suffixes) => suffixes.map(({ length }) => length))).toEqual(
    theirs.map((suffixes) => suffixes.map(({ length }) => length)),
  )
  const flat = (scores: TokenScore[][][]) => scores.flat(2)
  flat(ours).forEach(({ logProbability, isGreedy }, i) => {
    const other = flat(theirs)[i]
    expect(isGreedy).toBe(other.isGreedy)
    if (Number.isNaN(other.logProbability)) expect(logProbability).toBeNaN()
    else expect(logProbability).toBeCloseTo(other.logProbability, 4)
  })
}

/** Piece by piece, and in one kernel where a device has one. */
const devices: [string, () => Kernels][] = [
  ['reference', createReferenceKernels],
  ...(findLibrary() ? [['native', () => createNativeKernels({ threads: 2 })] as [string, () => Kernels]] : []),
]

describe.each(devices)('scoring texts that begin alike on %s', (name, createKernels) => {
  it('gives every suffix the scores it has alone', async () => {
    const engine = createGpt(createKernels(), name as 'reference' | 'native', model)
    const trees = [tree(ids(7), 3, 1, 5), tree([], 4, 2), tree(ids(1), 1), tree(ids(30), 10, 9)]
    expectClose(await engine.scorePrefixTrees(trees), await apart(engine, trees))
    engine.dispose()
  })

  it('keeps what prompts share from call to call, and lets it go where they part', async () => {
    const engine = createGpt(createKernels(), name as 'reference' | 'native', model)
    const examples = ids(20)
    const calls = [
      [tree([...examples, ...ids(5)], 3, 2), tree([...examples, ...ids(3)], 4), tree(examples, 2)],
      [tree([...examples, ...ids(6)], 3, 2), tree([...examples, ...ids(2)], 1)],
      [tree([...examples.slice(0, 17), ...ids(6)], 3, 2)],
      [tree(ids(25), 3)],
      [tree([...examples, ...ids(5)], 3, 2)],
    ]
    for (const trees of calls) expectClose(await engine.scorePrefixTrees(trees), await apart(engine, trees))
    engine.dispose()
  })

  it('keeps nothing of weights that have changed', async () => {
    const engine = createGpt(createKernels(), name as 'reference' | 'native', model)
    const trees = [tree(ids(20), 3)]
    const before = await engine.scorePrefixTrees(trees)
    await engine.accumulate(randomBatch(model, 1), 1)
    await engine.update(0.1, adam)
    const after = await engine.scorePrefixTrees(trees)
    expectClose(after, await apart(engine, trees))
    expect(Math.abs(after[0][0][0].logProbability - before[0][0][0].logProbability)).toBeGreaterThan(1e-3)
    engine.dispose()
  })

  it('does many and wide ones, with heads and lengths that fill no register', async () => {
    const wide = tinyModel({ shape: { layers: 2, width: 66, heads: 2, context: 160, vocabulary: 13 } })
    const engine = createGpt(createKernels(), name as 'reference' | 'native', wide)
    const examples = ids(97)
    const few = [
      tree([...examples, ...ids(17)], 31, 1, 14),
      tree([...examples, ...ids(40)], 2, 3),
      tree(examples, 15, 16),
    ]
    for (const trees of [few, [tree(ids(3), 70, 2), tree([], 33), tree(ids(65), 1, 90)]])
      expectClose(await engine.scorePrefixTrees(trees), await apart(engine, trees))
    engine.dispose()
  })

  it('reads nothing back but the losses, and sends nothing but ids', async () => {
    const kernels = createKernels()
    const { read, tensor } = kernels
    let isWatched = false
    const [sent, received]: number[][] = [[], []]
    kernels.tensor = (shape, data) => {
      if (isWatched) sent.push(shape.length)
      return tensor(shape, data)
    }
    kernels.read = (from) => {
      if (isWatched) received.push(from.shape.reduce((product, size) => product * size, 1))
      return read(from)
    }
    const engine = createGpt(kernels, name as 'reference' | 'native', model)
    isWatched = true
    const scores = await engine.scorePrefixTrees([tree(ids(20), 3, 2), tree(ids(5), 7)])
    const scored = scores.flat(2).filter(({ logProbability }) => !Number.isNaN(logProbability)).length
    expect(scored).toBeGreaterThan(5)
    expect(sent).toEqual([])
    expect(received).toEqual([scored])
    engine.dispose()
  })

  it('refuses a text that is longer than the context', async () => {
    const engine = createGpt(createKernels(), name as 'reference' | 'native', model)
    await expect(engine.scorePrefixTrees([tree(ids(35), 6)])).rejects.toThrow('longer than the context of 40')
    engine.dispose()
  })
})
