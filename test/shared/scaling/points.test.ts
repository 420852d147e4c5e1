import { describe, expect, it } from 'vitest'
import { Fault } from '#shared/fault.ts'
import { fitOffsetPowerLaw } from '#shared/scaling/offset-power-law.ts'
import { dropHighest } from '#shared/scaling/points.ts'
import { fitPowerLaw } from '#shared/scaling/power-law.ts'
import { fitSurfaceHuber } from '#shared/scaling/surface-huber.ts'
import { fitSurface } from '#shared/scaling/surface-least-squares.ts'

const sentence = (run: () => unknown): string => {
  try {
    run()
  } catch (error) {
    expect(error).toBeInstanceOf(Fault)
    expect((error as Fault).code).toBe('bad-input')
    return (error as Fault).message
  }
  throw new Error('a curve came back')
}
const good = [
  { x: 1, y: 5 },
  { x: 10, y: 4 },
  { x: 100, y: 3.3 },
  { x: 1000, y: 2.9 },
]

describe('points that no curve can be fitted to get a sentence', () => {
  it.each([
    ['too few', good.slice(0, 2), 'A power law + constant has 3 parameters; 2 points so far.'],
    ['none', [], 'A power law + constant has 3 parameters; 0 points so far.'],
    [
      'a zero',
      [...good, { x: 0, y: 2, name: '13B' }],
      '13B (point 5): its compute is 0; a law needs finite numbers above 0.',
    ],
    ['a loss below zero', [...good, { x: 2, y: -1 }], 'Point 5: its loss is -1; a law needs finite numbers above 0.'],
    ['NaN', [...good, { x: 2, y: NaN }], 'Point 5: its loss is not a number; a law needs finite numbers above 0.'],
    [
      'infinity',
      [...good, { x: Infinity, y: 2 }],
      'Point 5: its compute is Infinity; a law needs finite numbers above 0.',
    ],
    [
      'constant x',
      good.map(({ y }) => ({ x: 7, y })),
      'All 4 points have the same compute, 7: a curve needs different ones.',
    ],
    [
      'two different x',
      good.map(({ y }, i) => ({ x: 7 + (i % 2), y })),
      'A power law + constant has 3 parameters; 4 points at only 2 different values of compute cannot determine them.',
    ],
    [
      'one column twice',
      good.map(({ x }) => ({ x, y: x })),
      'compute and loss hold the same numbers: name two different columns.',
    ],
  ])('%s', (_name, points, expected) => expect(sentence(() => fitOffsetPowerLaw(points))).toBe(expected))

  it('in the words of the file', () => {
    expect(
      sentence(() =>
        fitPowerLaw(
          [
            { x: 1, y: 1 },
            { x: -1, y: 1 },
          ],
          { x: 'train_flops', y: 'pile_loss' },
        ),
      ),
    ).toMatch(/Point 2: its train_flops is -1/)
  })
})

describe('points that no surface can be fitted to get a sentence', () => {
  const points = Array.from({ length: 12 }, (_, i) => ({
    parameters: 1e6 * 2 ** (i % 4),
    tokens: 1e8 * 3 ** Math.floor(i / 4),
    loss: 4 - 0.1 * i,
  }))
  it.each([
    ['too few', points.slice(0, 4), /A surface has 5 parameters; 4 points so far/],
    ['one size', points.map((point) => ({ ...point, parameters: 1e6 })), /same parameters/],
    ['one length', points.map((point) => ({ ...point, tokens: 1e9 })), /same tokens/],
    [
      '20 tokens per parameter everywhere',
      points.map((point) => ({ ...point, tokens: 20 * point.parameters })),
      /Tokens follow from parameters/,
    ],
    ['one column twice', points.map((point) => ({ ...point, tokens: point.parameters })), /hold the same numbers/],
    ['NaN', [{ ...points[0], tokens: NaN }, ...points], /Point 1: its tokens is not a number/],
    ['a zero loss', [...points, { ...points[0], loss: 0 }], /Point 13: its loss is 0/],
  ])('%s', (_name, bad, expected) => {
    expect(sentence(() => fitSurface(bad))).toMatch(expected)
    expect(sentence(() => fitSurfaceHuber(bad))).toMatch(expected)
  })
})

it('the highest losses can be left out, ties with them', () => {
  const points = [3, 5, 4, 5, 1].map((loss) => ({ loss }))
  expect(dropHighest(points, 0)).toHaveLength(5)
  expect(dropHighest(points, 1).map(({ loss }) => loss)).toEqual([3, 4, 1])
  expect(dropHighest(points, 3).map(({ loss }) => loss)).toEqual([3, 1])
  expect(dropHighest(points, 9)).toEqual([])
})
