// The gradient noise scale against gradients whose noise is known, and what its formula must keep.
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { isNoiseDue, noiseScaleOf, noNoise, type NoiseSums, withMeasurement } from '#shared/noise-scale.ts'
import { createRandom } from '#shared/random.ts'

/** Two normal numbers by Box and Muller. */
function normals(random: { next: () => number }): () => number {
  return () => Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next())
}

it('is the noise over the signal where both are known', () => {
  const [dimensions, sequences, signal, spread] = [20, 16, 0.5, 1.5]
  const normal = normals(createRandom(7))
  const truth = signal ** 2 * dimensions
  let gradient = 0
  let variance = 0
  const trials = 3000
  for (let trial = 0; trial < trials; trial++) {
    const each = Array.from({ length: sequences }, () =>
      Array.from({ length: dimensions }, () => signal + spread * normal()),
    )
    const mean = each[0].map((_, i) => each.reduce((sum, one) => sum + one[i], 0) / sequences)
    const [small, large] = [each[0], mean].map((values) => Math.hypot(...values))
    const sums = withMeasurement(noNoise, { norm: small, sequences: 1 }, { norm: large, sequences })
    gradient += sums.gradient / trials
    variance += sums.variance / trials
  }
  expect(gradient / truth).toBeCloseTo(1, 1)
  expect(variance / (spread ** 2 * dimensions)).toBeCloseTo(1, 1)
})

const measured = (norms: readonly [number, number][], scale = 1): NoiseSums =>
  norms.reduce(
    (sums, [small, large]) =>
      withMeasurement(sums, { norm: scale * small, sequences: 1 }, { norm: scale * large, sequences: 8 }),
    noNoise,
  )

it('does not change with the scale of the loss, and grows with the context', () => {
  const norm = fc.double({ min: 0.1, max: 3, noNaN: true })
  fc.assert(
    fc.property(
      fc.array(fc.tuple(norm, norm), { minLength: 10, maxLength: 40 }),
      fc.double({ min: 0.01, max: 100, noNaN: true }),
      (norms, scale) => {
        const one = noiseScaleOf(measured(norms), 64)
        const other = noiseScaleOf(measured(norms, scale), 128)
        if (!one || !other) return // at the edge of what can be said, rounding decides
        expect(other.tokens / one.tokens).toBeCloseTo(2, 6)
      },
    ),
  )
})

it('says nothing of few measurements, nor where noise hides the gradient', () => {
  const pair: [number, number] = [2, 1]
  expect(noiseScaleOf(measured(Array.from({ length: 9 }, () => pair)), 64)).toBeNull()
  const sums = measured(Array.from({ length: 10 }, () => pair))
  // |G|² = (8·1 − 4) / 7, tr(Σ) = (4 − 1) / (1 − 1/8)
  expect(noiseScaleOf(sums, 64)).toEqual({
    tokens: expect.closeTo((64 * (3 / (7 / 8))) / (4 / 7), 6),
    measurements: 10,
  })
  expect(noiseScaleOf(measured(Array.from({ length: 20 }, () => [3, 1] as [number, number])), 64)).toBeNull()
})

it('is measured by one sequence more in two hundred at most', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 5000 }), (sequences) => {
      const due = Array.from({ length: 10_000 }, (_, step) => isNoiseDue(step, sequences)).filter(Boolean).length
      if (sequences < 4) expect(due).toBe(0)
      else expect(due / (10_000 * sequences)).toBeLessThanOrEqual(1 / 200 + 1 / (10_000 * sequences))
    }),
    { numRuns: 50 },
  )
})
