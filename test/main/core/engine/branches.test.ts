// Scoring texts that begin alike must give what scoring each of them alone gives.
import { describe, expect, it } from 'vitest'
import { createGpt } from '#main/core/engine/gpt.ts'
import type { Kernels } from '#main/core/engine/kernels.ts'
import { createNativeKernels } from '#main/core/engine/native/native.ts'
import { findLibrary } from '#main/core/engine/native/library.ts'
import { createReferenceKernels } from '#main/core/engine/reference.ts'
import type { Branches, TokenScore } from '#main/core/engine/engine.ts'
import { createDice } from './numbers.ts'
import { adam, randomBatch, tinyModel } from './tiny.ts'

const model = tinyModel({ shape: { layers: 2, width: 12, heads: 3, context: 40, vocabulary: 13 } })
const dice = createDice(11)
const ids = (count: number) => Int32Array.from(dice.integers(count, 0, 13))
const end = (count: number) => ({ inputs: ids(count), targets: ids(count).map((id, i) => (i % 4 === 2 ? -1 : id)) })
const branch = (stem: number[] | Int32Array, ...ends: number[]): Branches => ({
  stem: Int32Array.from(stem),
  ends: ends.map(end),
})

async function apart(engine: ReturnType<typeof createGpt>, branches: Branches[]): Promise<TokenScore[][][]> {
  const all: TokenScore[][][] = []
  for (const { stem, ends } of branches) {
    const scores: TokenScore[][] = []
    for (const { inputs, targets } of ends) {
      const columns = stem.length + inputs.length
      const whole = {
        inputs: Int32Array.from([...stem, ...inputs]),
        targets: Int32Array.from([...stem.map(() => -1), ...targets]),
        rows: 1,
        columns,
      }
      scores.push((await engine.score(whole)).slice(stem.length))
    }
    all.push(scores)
  }
  return all
}

function expectClose(ours: TokenScore[][][], theirs: TokenScore[][][]): void {
  expect(ours.map((ends) => ends.map(({ length }) => length))).toEqual(
    theirs.map((ends) => ends.map(({ length }) => length)),
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

describe.each(devices)('scoring branches on %s', (name, createKernels) => {
  it('gives every end the scores it has alone', async () => {
    const engine = createGpt(createKernels(), name as 'reference' | 'native', model)
    const branches = [branch(ids(7), 3, 1, 5), branch([], 4, 2), branch(ids(1), 1), branch(ids(30), 10, 9)]
    expectClose(await engine.scoreBranches(branches), await apart(engine, branches))
    engine.dispose()
  })

  it('keeps what prompts share from call to call, and lets it go where they part', async () => {
    const engine = createGpt(createKernels(), name as 'reference' | 'native', model)
    const examples = ids(20)
    const calls = [
      [branch([...examples, ...ids(5)], 3, 2), branch([...examples, ...ids(3)], 4), branch(examples, 2)],
      [branch([...examples, ...ids(6)], 3, 2), branch([...examples, ...ids(2)], 1)],
      [branch([...examples.slice(0, 17), ...ids(6)], 3, 2)],
      [branch(ids(25), 3)],
      [branch([...examples, ...ids(5)], 3, 2)],
    ]
    for (const branches of calls) expectClose(await engine.scoreBranches(branches), await apart(engine, branches))
    engine.dispose()
  })

  it('keeps nothing of weights that have changed', async () => {
    const engine = createGpt(createKernels(), name as 'reference' | 'native', model)
    const branches = [branch(ids(20), 3)]
    const before = await engine.scoreBranches(branches)
    await engine.accumulate(randomBatch(model, 1), 1)
    await engine.update(0.1, adam)
    const after = await engine.scoreBranches(branches)
    expectClose(after, await apart(engine, branches))
    expect(Math.abs(after[0][0][0].logProbability - before[0][0][0].logProbability)).toBeGreaterThan(1e-3)
    engine.dispose()
  })

  it('does many and wide ones, with heads and lengths that fill no register', async () => {
    const wide = tinyModel({ shape: { layers: 2, width: 66, heads: 2, context: 160, vocabulary: 13 } })
    const engine = createGpt(createKernels(), name as 'reference' | 'native', wide)
    const examples = ids(97)
    const few = [
      branch([...examples, ...ids(17)], 31, 1, 14),
      branch([...examples, ...ids(40)], 2, 3),
      branch(examples, 15, 16),
    ]
    for (const branches of [few, [branch(ids(3), 70, 2), branch([], 33), branch(ids(65), 1, 90)]])
      expectClose(await engine.scoreBranches(branches), await apart(engine, branches))
    engine.dispose()
  })

  it('refuses a text that is longer than the context', async () => {
    const engine = createGpt(createKernels(), name as 'reference' | 'native', model)
    await expect(engine.scoreBranches([branch(ids(35), 6)])).rejects.toThrow('longer than the context of 40')
    engine.dispose()
  })
})
