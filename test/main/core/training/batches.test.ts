import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createBatches } from '#main/core/training/batches.ts'
import { createPermutation } from '#main/core/training/permutation.ts'
import type { TokenReader } from '#main/platform/disk/token-files.ts'

/** Tokens 0, 1, 2, … */
const countedTokens = (length: number): TokenReader => ({
  length,
  read: (offset, count) => Uint16Array.from({ length: count }, (_, at) => offset + at),
  close: () => {},
})

describe('a permutation', () => {
  test('has every index once', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 3000 }), fc.nat(), fc.nat(1000), (count, seed, epoch) => {
        const permute = createPermutation(count, seed, epoch)
        const images = new Set(Array.from({ length: count }, (_, index) => permute(index)))
        expect(images.size).toBe(count)
        for (const image of images) expect(image >= 0 && image < count).toBe(true)
      }),
      { numRuns: 100 },
    )
  })

  test('has large indices once too', () => {
    const count = 3_000_000_000
    const permute = createPermutation(count, 1, 2)
    const images = new Set(Array.from({ length: 5000 }, (_, index) => permute(count - 1 - index)))
    expect(images.size).toBe(5000)
    for (const image of images) expect(image >= 0 && image < count).toBe(true)
  })

  test('leaves nothing near its place: neighbours land far apart', () => {
    const count = 10_000
    for (const seed of [0, 1, 2, 7]) {
      const permute = createPermutation(count, seed, 0)
      let distance = 0
      let displacement = 0
      for (let index = 0; index + 1 < count; index++) {
        distance += Math.abs(permute(index) - permute(index + 1)) / count
        displacement += Math.abs(permute(index) - index) / count
      }
      // Two uniform places are a third of the whole apart.
      expect(distance / count).toBeCloseTo(1 / 3, 1)
      expect(displacement / count).toBeCloseTo(1 / 3, 1)
    }
  })

  test('is uniform enough: every place gets every index about as often', () => {
    const hits = Array.from({ length: 6 }, () => new Array<number>(6).fill(0))
    const seeds = 6000
    for (let seed = 0; seed < seeds; seed++) {
      const permute = createPermutation(6, seed, 3)
      for (let index = 0; index < 6; index++) hits[index]![permute(index)]!++
    }
    // 1,000 each; a standard deviation is 29.
    for (const row of hits) for (const count of row) expect(Math.abs(count - seeds / 6)).toBeLessThan(150)
  })

  test('is another for every seed and epoch', () => {
    const orders = new Set<string>()
    for (const seed of [0, 1, 2, 2 ** 31, 2 ** 32, 2 ** 32 + 1, 2 ** 40]) {
      for (let epoch = 0; epoch < 5; epoch++)
        orders.add(Array.from({ length: 50 }, (_, index) => createPermutation(50, seed, epoch)(index)).join())
    }
    expect(orders.size).toBe(35)
  })

  test('never changes: runs resume by it', () => {
    expect(Array.from({ length: 10 }, (_, index) => createPermutation(10, 1234, 5)(index))).toEqual([
      9, 4, 3, 6, 1, 5, 7, 2, 0, 8,
    ])
  })
})

describe('batches', () => {
  const shape = fc.record({
    length: fc.integer({ min: 20, max: 2000 }),
    context: fc.integer({ min: 1, max: 16 }),
    rows: fc.integer({ min: 1, max: 9 }),
    seed: fc.nat(),
  })

  test('every sequence comes once an epoch, in another order each epoch', () => {
    fc.assert(
      fc.property(shape, fc.integer({ min: 0, max: 3 }), ({ length, context, rows, seed }, epoch) => {
        const batches = createBatches({ tokens: countedTokens(length), context, rows, seed })
        expect(batches.sequences).toBe(Math.floor((length - 1) / context))
        const starts: number[] = []
        const first = epoch * batches.sequences
        for (let step = Math.floor(first / rows); starts.length < batches.sequences + rows; step++) {
          const { inputs } = batches.batchAt(step)
          for (let row = 0; row < rows; row++)
            if (step * rows + row >= first) starts.push(inputs[row * context]! / context)
        }
        const all = starts.slice(0, batches.sequences).sort((a, b) => a - b)
        expect(all).toEqual(Array.from({ length: batches.sequences }, (_, index) => index))
      }),
      { numRuns: 200 },
    )
  })

  test('each input’s target is the token after it', () => {
    fc.assert(
      fc.property(shape, fc.nat(500), ({ length, context, rows, seed }, step) => {
        const {
          inputs,
          targets,
          rows: gotRows,
          columns,
        } = createBatches({ tokens: countedTokens(length), context, rows, seed }).batchAt(step)
        expect([gotRows, columns, inputs.length, targets.length]).toEqual([
          rows,
          context,
          rows * context,
          rows * context,
        ])
        inputs.forEach((token, at) => {
          expect(targets[at]).toBe(token + 1)
          if (at % context > 0) expect(token).toBe(inputs[at - 1]! + 1)
        })
      }),
    )
  })

  test('a batch depends on seed and step alone, whatever was asked before', () => {
    fc.assert(
      fc.property(
        shape,
        fc.array(fc.nat(300), { minLength: 1, maxLength: 6 }),
        ({ length, context, rows, seed }, steps) => {
          const used = createBatches({ tokens: countedTokens(length), context, rows, seed })
          for (const step of steps)
            expect(used.batchAt(step)).toEqual(
              createBatches({ tokens: countedTokens(length), context, rows, seed }).batchAt(step),
            )
        },
      ),
    )
  })

  test('micro-batches are the rows of the batch', () => {
    fc.assert(
      fc.property(shape, fc.nat(100), fc.integer({ min: 1, max: 4 }), ({ length, context, rows, seed }, step, size) => {
        const batches = createBatches({ tokens: countedTokens(length), context, rows, seed })
        const whole = batches.batchAt(step)
        const inputs: number[] = []
        const targets: number[] = []
        for (let from = 0; from < rows; from += size) {
          const micro = batches.batchAt(step, { from, rows: Math.min(size, rows - from) })
          inputs.push(...micro.inputs)
          targets.push(...micro.targets)
        }
        expect(inputs).toEqual([...whole.inputs])
        expect(targets).toEqual([...whole.targets])
      }),
    )
  })

  test('without a seed the text comes in its own order, the same every time', () => {
    const batches = createBatches({ tokens: countedTokens(13), context: 3, rows: 2, seed: null })
    expect([...batches.batchAt(0).inputs]).toEqual([0, 1, 2, 3, 4, 5])
    expect([...batches.batchAt(1).inputs]).toEqual([6, 7, 8, 9, 10, 11])
    expect([...batches.batchAt(2).inputs]).toEqual([0, 1, 2, 3, 4, 5])
  })

  test('a text shorter than a sequence is refused with what it has', () => {
    expect(() => createBatches({ tokens: countedTokens(64), context: 64, rows: 1, seed: 1 })).toThrow(
      /The text has 64 tokens.*one sequence of 64/,
    )
    expect(createBatches({ tokens: countedTokens(65), context: 64, rows: 1, seed: 1 }).sequences).toBe(1)
  })
})
