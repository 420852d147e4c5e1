// What must never reach C++, and what must never bring the process down: wrong shapes, gone tensors, foreign tensors,
// no memory.
import { afterAll, describe, expect, it } from 'vitest'
import { createNativeKernels } from '#main/core/engine/native/native.ts'
import { createReferenceKernels } from '#main/core/engine/reference.ts'
import type { Kernels } from '#main/core/engine/kernels.ts'
import type { Fault } from '#shared/fault.ts'
import { createDice } from '../numbers.ts'

const k = createNativeKernels({ threads: 2 })
afterAll(() => k.dispose())
const geometry = { rows: 2, context: 3, heads: 2, scale: 1 }

describe('a shape that does not fit is refused with its numbers', () => {
  const x = k.tensor([6, 4])
  const [wide, square, row] = [k.tensor([4, 12]), k.tensor([4, 4]), k.tensor([4])]
  const refusals: [string, () => unknown, RegExp][] = [
    ['a weight for another width', () => k.linear(x, k.tensor([5, 4]), row), /\[5, 4\].*\[4, 4\]/],
    ['a bias of another length', () => k.linear(x, wide, row), /\[4\].*\[12\]/],
    ['a residual of another shape', () => k.linear(x, square, row, k.tensor([4, 6])), /residual/],
    ['a gradient of another shape', () => k.linearBackward(x, x, square, wide, row), /intoWeight/],
    ['sequences that do not make the rows', () => k.attention(k.tensor([5, 12]), geometry), /2 sequences of 3/],
    ['heads that do not divide the width', () => k.attention(k.tensor([6, 15]), geometry), /5 features.*2 heads/],
    ['qkv that is not three times anything', () => k.attention(k.tensor([6, 13]), geometry), /13/],
    ['a head too large for the tiles', () => k.attention(k.tensor([6, 3 * 600]), geometry), /300 features/],
    [
      'more tokens than a cache holds',
      () => k.cachedAttention(k.tensor([6, 12]), k.cache(2, 2, 4), geometry),
      /cache of 2/,
    ],
    ['a cache of another width', () => k.cachedAttention(k.tensor([6, 12]), k.cache(2, 9, 6), geometry), /keys/],
    [
      'segments that are not the rows',
      () =>
        k.treeAttention(
          k.tensor([6, 12]),
          [
            { count: 4, isPrefix: true },
            { count: 1, isPrefix: false },
          ],
          null,
          geometry,
        ),
      /segments of 5 rows/,
    ],
    [
      'a segment of less than nothing',
      () =>
        k.treeAttention(
          k.tensor([6, 12]),
          [
            { count: 7, isPrefix: true },
            { count: -1, isPrefix: false },
          ],
          null,
          geometry,
        ),
      /-1 rows/,
    ],
    [
      'a shared prefix of another width',
      () => k.treeAttention(k.tensor([6, 12]), [{ count: 6, isPrefix: true }], k.cache(1, 9, 6), geometry),
      /keys/,
    ],
    [
      'a shared prefix of two texts',
      () => k.treeAttention(k.tensor([6, 12]), [{ count: 6, isPrefix: true }], k.cache(2, 9, 4), geometry),
      /cache of 2/,
    ],
    [
      'a token outside the vocabulary',
      () => k.embedding(k.ids(Int32Array.of(0, 7)), k.tensor([7, 4]), k.tensor([2, 4]), 2, 1),
      /0 to 6/,
    ],
    [
      'a negative token',
      () => k.embedding(k.ids(Int32Array.of(0, -1)), k.tensor([7, 4]), k.tensor([2, 4]), 2, 1),
      /0 to 6/,
    ],
    [
      'a position beyond the last',
      () => k.embedding(k.ids(Int32Array.of(0, 1)), k.tensor([7, 4]), k.tensor([2, 4]), k.ids(Int32Array.of(1, 2)), 1),
      /positions go from 1 to 2/,
    ],
    [
      'more tokens than positions',
      () => k.embedding(k.ids(Int32Array.of(0, 1, 2)), k.tensor([7, 4]), k.tensor([2, 4]), 3, 1),
      /3 tokens do not fit 2 positions/,
    ],
    [
      'fewer places than tokens',
      () => k.embedding(k.ids(Int32Array.of(0, 1)), k.tensor([7, 4]), k.tensor([2, 4]), k.ids(Int32Array.of(1)), 1),
      /1 places for 2/,
    ],
    [
      'a row that is not there',
      () => k.gatherRows(k.tensor([6, 4]), k.ids(Int32Array.of(0, 6))),
      /rows go from 0 to 6/,
    ],
    ['a target outside the vocabulary', () => k.crossEntropy(x, k.ids(Int32Array.of(0, 1, 2, 3, 4, 0))), /targets/],
    ['too few targets', () => k.crossEntropy(x, k.ids(Int32Array.of(0, 1))), /2 targets for 6/],
    ['numbers that do not fill a tensor', () => k.write(x, new Float32Array(5)), /5 numbers/],
    ['an empty axis', () => k.tensor([0, 3]), /no shape/],
    ['a broken axis', () => k.tensor([1.5]), /no shape/],
    ["another device's tensor", () => k.linear(createReferenceKernels().tensor([6, 4]), square, row), /other kernels/],
  ]
  it.each(refusals)('%s', (_, work, message) => expect(work).toThrow(message))

  it('a tensor that is gone', () => {
    const gone = k.tensor([6, 4])
    gone.dispose()
    gone.dispose()
    expect(() => k.linear(gone, square, row)).toThrow(/disposed/)
  })
})

it('memory that is not there is a Fault, and the kernels go on', async () => {
  const small = createNativeKernels({ threads: 1, limitBytes: 2 ** 22 })
  const fault = (() => {
    try {
      small.tensor([2 ** 20, 2])
    } catch (error) {
      return error as Fault
    }
  })()
  expect(fault?.code).toBe('too-large')
  expect(fault?.message).toMatch(/MiB/)
  const held = small.memory().currentBytes
  const [x, w, b] = [small.tensor([600, 600]), small.tensor([600, 600]), small.tensor([600])]
  expect(() => small.linear(x, w, b)).toThrow(expect.objectContaining({ code: 'too-large' }))
  for (const tensor of [x, w, b]) tensor.dispose()
  expect(small.memory().currentBytes).toBeLessThanOrEqual(held + 2 ** 22)
  const again = small.tensor([8], Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8))
  expect((await small.read(again))[7]).toBe(8)
  small.dispose()
})

it('tensors may outlive their kernels', () => {
  const short = createNativeKernels({ threads: 2 })
  const tensor = short.tensor([3, 3])
  short.dispose()
  short.dispose()
  expect(() => tensor.dispose()).not.toThrow()
  expect(() => short.tensor([1])).toThrow(/disposed/)
})

it('what has diverged shows: NaN and infinity come out of every kernel they go into', async () => {
  for (const poison of [NaN, Infinity]) {
    const data = createDice(1).normals(6 * 33)
    data[40] = poison
    const x = k.tensor([6, 33], data)
    const logits = await k.read(k.crossEntropy(k.tensor([6, 33], data), k.ids(Int32Array.of(0, 1, 2, 3, 4, 5))))
    expect(Number.isFinite(logits[1])).toBe(false)
    expect(Number.isFinite(logits[0])).toBe(true)
    const { output } = k.layerNorm(x, k.tensor([33], new Float32Array(33).fill(1)), k.tensor([33]))
    expect((await k.read(output)).slice(33, 66).every(Number.isNaN)).toBe(true)
    const { after } = k.linearGelu(x, k.tensor([33, 5], createDice(2).normals(165)), k.tensor([5]), 'gelu')
    expect(Number.isFinite((await k.read(after)).slice(5, 10).reduce((sum, one) => sum + Math.abs(one), 0))).toBe(false)
    const { output: mixed } = k.attention(x, { rows: 1, context: 6, heads: 1, scale: 1 })
    expect(Number.isFinite((await k.read(mixed)).slice(11, 22).reduce((sum, one) => sum + one, 0))).toBe(false)
    const gradient = k.tensor([6, 33], data)
    expect(
      Number.isFinite(
        await k.globalNorm([
          {
            name: 'p',
            value: x,
            gradient,
            firstMoment: gradient,
            secondMoment: gradient,
            decays: false,
            learningRateScale: 1,
          },
        ]),
      ),
    ).toBe(false)
  }
})

it('the number of threads does not change a bit', async () => {
  const dice = createDice(5)
  const [x, w, qkv] = [dice.normals(300 * 70), dice.normals(70 * 210), dice.normals(300 * 210)]
  const bits = []
  for (const threads of [1, 2, 5]) {
    const kernels = createNativeKernels({ threads })
    const [input, weight, bias] = [kernels.tensor([300, 70], x), kernels.tensor([70, 210], w), kernels.tensor([210])]
    const into = [kernels.tensor([70, 210]), kernels.tensor([210])]
    const out = kernels.linear(input, weight, bias)
    const all = kernels.tensor([300, 210], qkv)
    const form = { rows: 3, context: 100, heads: 7, scale: 0.3 }
    const { output, logSumExp } = kernels.attention(all, form)
    const tensors = [
      out,
      kernels.linearBackward(out, input, weight, into[0], into[1]),
      ...into,
      output,
      logSumExp,
      kernels.attentionBackward(output, all, output, logSumExp, form),
    ]
    bits.push(await Promise.all(tensors.map((tensor) => kernels.read(tensor))))
    kernels.dispose()
  }
  expect(bits[1]).toEqual(bits[0])
  expect(bits[2]).toEqual(bits[0])
})

it('a small gradient of many rows, summed in two halves, is right and does not depend on the number of threads', async () => {
  const [rows, inner, outer] = [1064, 109, 131]
  const dice = createDice(6)
  const [x, w, dy] = [dice.normals(rows * inner), dice.normals(inner * outer), dice.normals(rows * outer)]
  const gradients = async (kernels: Kernels) => {
    const [intoWeight, intoBias] = [kernels.tensor([inner, outer], w), kernels.tensor([outer], dy.slice(0, outer))]
    const dx = kernels.linearBackward(
      kernels.tensor([rows, outer], dy),
      kernels.tensor([rows, inner], x),
      kernels.tensor([inner, outer], w),
      intoWeight,
      intoBias,
    )
    const all = await Promise.all([intoWeight, intoBias, dx].map((tensor) => kernels.read(tensor)))
    kernels.dispose()
    return all
  }
  const right = await gradients(createReferenceKernels())
  const first = await gradients(createNativeKernels({ threads: 1 }))
  first.forEach((values, i) => values.forEach((value, j) => expect(Math.abs(value - right[i][j])).toBeLessThan(2e-4)))
  for (const threads of [2, 3, 5]) expect(await gradients(createNativeKernels({ threads }))).toEqual(first)
})
