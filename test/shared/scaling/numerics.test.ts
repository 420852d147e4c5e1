import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { envelopeOf, smoothGaussian } from '#shared/scaling/envelope.ts'
import { fitIsoflops } from '#shared/scaling/isoflop.ts'
import { minimise } from '#shared/scaling/lbfgs.ts'
import { nonNegativeLeastSquares } from '#shared/scaling/non-negative.ts'
import { allocationByRatio, optimalAllocation } from '#shared/scaling/optimum.ts'
import { evaluateSurface, symmetricEigenvalues } from '#shared/scaling/surface.ts'
import { differencesFrom, publishedLaws } from '#shared/scaling/published.ts'

describe('L-BFGS', () => {
  it('finds the valley of Rosenbrock in five dimensions', () => {
    const found = minimise(
      (x, gradient) => {
        let value = 0
        gradient.fill(0)
        for (let i = 0; i < 4; i++) {
          const a = x[i + 1] - x[i] ** 2
          const b = 1 - x[i]
          value += 100 * a * a + b * b
          gradient[i] += -400 * a * x[i] - 2 * b
          gradient[i + 1] += 200 * a
        }
        return value
      },
      Float64Array.of(-1.2, 1, -1.2, 1, 0.5),
      { maxEvaluations: 1000 },
    )
    expect(found.isConverged).toBe(true)
    for (const value of found.x) expect(value).toBeCloseTo(1, 6)
  })

  it('leaves its start alone and stops when its evaluations run out', () => {
    const start = Float64Array.of(5)
    const found = minimise(
      (x, gradient) => {
        gradient[0] = 4 * x[0] ** 3
        return x[0] ** 4
      },
      start,
      { maxEvaluations: 3 },
    )
    expect(start[0]).toBe(5)
    expect(found).toMatchObject({ evaluations: 3, isConverged: false })
  })

  it('comes to rest on a kink', () => {
    const found = minimise((x, gradient) => {
      gradient[0] = Math.sign(x[0] - 2)
      return Math.abs(x[0] - 2)
    }, Float64Array.of(-7))
    expect(found.x[0]).toBeCloseTo(2, 6)
  })
})

it('non-negative least squares meets the conditions of an optimum', () => {
  const value = fc.double({ min: -2, max: 2, noNaN: true })
  fc.assert(
    fc.property(fc.array(fc.tuple(value, value, value, value), { minLength: 5, maxLength: 12 }), (rows) => {
      const gram = [0, 1, 2].map((i) =>
        [0, 1, 2].map((j) => rows.reduce((sum, row) => sum + row[i] * row[j], i === j ? 1e-6 : 0)),
      )
      const right = [0, 1, 2].map((i) => rows.reduce((sum, row) => sum + row[i] * row[3], 0))
      const x = nonNegativeLeastSquares(gram, right)
      const size = 1 + Math.max(...gram.flat().map(Math.abs), ...right.map(Math.abs)) * (1 + Math.max(...x))
      for (let i = 0; i < 3; i++) {
        const slope = gram[i].reduce((sum, g, j) => sum + g * x[j], 0) - right[i]
        expect(x[i]).toBeGreaterThanOrEqual(0)
        if (x[i] > 1e-9) expect(Math.abs(slope)).toBeLessThan(1e-6 * size)
        else expect(slope).toBeGreaterThan(-1e-6 * size)
      }
    }),
  )
})

it('eigenvalues of a known matrix', () => {
  const sorted = symmetricEigenvalues([
    [2, 1, 0],
    [1, 2, 1],
    [0, 1, 2],
  ]).sort((a, b) => a - b)
  for (const [i, expected] of [2 - Math.SQRT2, 2, 2 + Math.SQRT2].entries()) expect(sorted[i]).toBeCloseTo(expected, 12)
})

describe('the optimum', () => {
  it('is no worse than its neighbours on the same budget', () => {
    const surface = { E: 1.69, A: 406.4, B: 410.7, alpha: 0.34, beta: 0.28 }
    fc.assert(
      fc.property(
        fc.double({ min: 15, max: 26, noNaN: true }),
        fc.constantFrom(0.5, 0.9, 1.1, 2),
        (magnitude, factor) => {
          const flops = 10 ** magnitude
          const best = optimalAllocation(surface, flops)
          expect((6 * best.parameters * best.tokens) / flops).toBeCloseTo(1, 9)
          const n = best.parameters * factor
          expect(evaluateSurface(surface, n, flops / (6 * n))).toBeGreaterThan(best.loss)
        },
      ),
    )
  })

  it('of the 20 to 1 rule is Chinchilla’s: 5.76e23 FLOPs are 70 billion parameters and 1.4 trillion tokens', () => {
    const { parameters, tokens } = allocationByRatio(5.76e23, 20)
    expect(parameters / 70e9).toBeCloseTo(0.99, 2)
    expect(tokens / 1.4e12).toBeCloseTo(0.99, 2)
  })
})

describe('IsoFLOP profiles', () => {
  const parabola = (vertex: number, curvature: number, sizes: number[]) =>
    sizes.map((n) => ({ budget: 1e18, parameters: n, loss: 3 + curvature * (Math.log10(n) - vertex) ** 2 }))
  it('say why a vertex is not used', () => {
    const reason = (points: Parameters<typeof fitIsoflops>[0]) => fitIsoflops(points).profiles[0].rejection
    expect(reason(parabola(8, 0.3, [3e7, 1e8, 3e8]))).toBeNull()
    expect(reason(parabola(8, -0.3, [3e7, 1e8, 3e8]))).toMatch(/opens downwards/)
    expect(reason(parabola(10, 0.3, [3e7, 1e8, 3e8]))).toMatch(/add larger members/)
    expect(reason(parabola(6, 0.3, [3e7, 1e8, 3e8]))).toMatch(/add smaller members/)
    expect(reason(parabola(8, 0.3, [3e7, 1e8]))).toMatch(/a parabola needs 3/)
    expect(fitIsoflops(parabola(8, 0.3, [3e7, 1e8, 3e8])).size).toBeNull()
    expect(() => fitIsoflops([{ budget: 1e18, parameters: 0, loss: 3 }])).toThrow(/Point 1: its parameters is 0/)
  })
})

describe('the envelope of training curves', () => {
  it('changes from the small run to the large one where their curves cross', () => {
    const curve = (parameters: number, loss: (flops: number) => number) => {
      const flops = Array.from({ length: 400 }, (_, i) => parameters * 1e6 * (i + 1))
      return { parameters, flopsPerToken: 6 * parameters, flops, loss: flops.map(loss) }
    }
    const small = curve(1e4, (c) => 2 + 8 * (c / 1e10) ** -0.5)
    const large = curve(1e5, (c) => 1 + 20 * (c / 1e10) ** -0.5) // crosses where 1 = 12 / sqrt(c / 1e10)
    const { points, size, tokens } = envelopeOf([small, large], 1500, 0)
    const change = points.findIndex((point) => point.curve === 1)
    expect(points[change].flops / (144 * 1e10)).toBeCloseTo(1, 1)
    expect(points.slice(change).every((point) => point.curve === 1)).toBe(true)
    for (const point of points) expect((point.tokens * 6 * point.parameters) / point.flops).toBeCloseTo(1, 9)
    expect(size!.slope + tokens!.slope).toBeCloseTo(1, 9)
  })

  it('smooths without moving a straight line', () => {
    const smoothed = smoothGaussian(
      Array.from({ length: 200 }, (_, i) => 5 - 0.01 * i),
      10,
    )
    for (let i = 45; i < 155; i++) expect(smoothed[i]).toBeCloseTo(5 - 0.01 * i, 9)
    expect(envelopeOf([])).toEqual({ points: [], size: null, tokens: null })
  })
})

it('a published law says what stands between it and a study', () => {
  const law = publishedLaws.find(({ id }) => id === 'cerebras-gpt')!
  expect(
    differencesFrom(law, { tokenizer: { kind: 'gpt2' }, corpusName: 'the Pile', flopsConvention: 'cerebras' }),
  ).toEqual([])
  expect(
    differencesFrom(law, {
      tokenizer: { kind: 'bpe', vocabulary: 512 },
      corpusName: 'Moby-Dick',
      flopsConvention: 'sixNd',
    }),
  ).toHaveLength(3)
})
