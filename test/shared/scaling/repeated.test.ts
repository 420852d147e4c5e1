import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createRandom } from '#shared/random.ts'
import { curveFromConstants } from '#shared/scaling/curve.ts'
import {
  effectiveTokens,
  fitRepeated,
  lossOfRepeats,
  publishedRepeats,
  type RepeatedPoint,
} from '#shared/scaling/repeated.ts'
import { evaluateSurface } from '#shared/scaling/surface.ts'

/** The published surface (Muennighoff et al. 2023, appendix A). */
const published = { E: 1.87, A: 521, B: 1488, alpha: 0.353, beta: 0.353 }

describe('effective tokens', () => {
  it('are those of the paper: four epochs are worth nearly four, sixteen far less than sixteen', () => {
    // D'/U = 1 + R* (1 - e^(-R/R*)) by hand, R* = 15.387756
    expect(effectiveTokens(4, 1)).toBeCloseTo(3.7257, 4)
    expect(effectiveTokens(16, 1)).toBeCloseTo(10.582, 2)
    expect(effectiveTokens(1e9, 1)).toBeCloseTo(1 + publishedRepeats, 6) // nothing more is to be had
  })

  it('never are more than were read, grow with every reading, and are all while the text lasts', () => {
    const amount = fc.double({ min: 1, max: 1e12, noNaN: true })
    fc.assert(
      fc.property(amount, amount, fc.double({ min: 0.2, max: 1000, noNaN: true }), (tokens, unique, repeats) => {
        const worth = effectiveTokens(tokens, unique, repeats)
        expect(worth).toBeLessThanOrEqual(tokens * (1 + 1e-12))
        expect(worth).toBeGreaterThanOrEqual(Math.min(tokens, unique) * (1 - 1e-12))
        expect(effectiveTokens(1.01 * tokens, unique, repeats)).toBeGreaterThanOrEqual(worth)
        if (tokens <= unique) expect(worth).toBe(tokens)
      }),
    )
  })
})

describe('the law of repeated text', () => {
  const random = createRandom(5)
  const points = (repeats: number, noise: number): RepeatedPoint[] =>
    [2e6, 1e7, 5e7, 2e8].flatMap((parameters) =>
      [2e7, 1e8, 4e8, 2e9, 1e10].flatMap((tokens) =>
        [1e8, 1e11].map((unique) => ({
          parameters,
          tokens,
          unique,
          loss:
            evaluateSurface(published, parameters, effectiveTokens(tokens, unique, repeats)) *
            Math.exp(noise * random.normal()),
        })),
      ),
    )

  it('is found again from losses that were drawn of it', () => {
    const { surface, repeats, repeated } = fitRepeated(points(publishedRepeats, 0))
    expect(repeats.value).toBeCloseTo(publishedRepeats, 0)
    expect(surface.beta).toBeCloseTo(published.beta, 2)
    expect(repeated).toBe(12)
  })

  it('has an interval that holds the truth, and one whose end is open where the points do not say', () => {
    const { repeats } = fitRepeated(points(6, 0.002))
    expect(repeats.low!).toBeLessThan(6)
    expect(repeats.high!).toBeGreaterThan(6)
    expect(fitRepeated(points(500, 0.01)).repeats.high).toBeNull()
  })

  it('needs trainings that read their text again', () => {
    const once = points(6, 0).map((point) => ({ ...point, unique: 1e12 }))
    expect(() => fitRepeated(once)).toThrow('No training read its text again')
  })
})

it('a law of compute predicts a higher loss where the text is short, equal to the surface of its own exponents', () => {
  // On D = 20 N with alpha = beta: L = E + (A + B 20^-beta) N^-alpha, of which size and data remove their parts.
  const equal = { E: 2, A: 400, B: 400 * 20 ** 0.34, alpha: 0.34, beta: 0.34 }
  const sizeOf = (flops: number) => Math.sqrt(flops / 120)
  const lossOf = (flops: number) => evaluateSurface(equal, sizeOf(flops), 20 * sizeOf(flops))
  const exponent = -0.17
  const scale = (lossOf(1e18) - 2) ** (1 / -exponent) * 1e18
  const curve = curveFromConstants({ scale, exponent, offset: 2 })
  const [flops, tokens] = [1e18, 20 * sizeOf(1e18)]
  expect(lossOfRepeats(curve, flops, tokens, tokens)).toBeCloseTo(lossOf(flops), 9)
  const expected = evaluateSurface(equal, sizeOf(flops), effectiveTokens(tokens, tokens / 30))
  expect(lossOfRepeats(curve, flops, tokens, tokens / 30)).toBeCloseTo(expected, 9)
})
