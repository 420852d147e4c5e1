import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createRandom } from '#shared/random.ts'
import type { LawPoint } from '#shared/scaling/points.ts'
import type { ComparedLaw } from '#shared/scaling/multiplier/compared-law.ts'
import { lossAt } from '#shared/scaling/multiplier/compared-law.ts'
import { fitMultiplier, multiplierAt, spaced } from '#shared/scaling/multiplier/multiplier.ts'
import type { PairForm } from '#shared/scaling/multiplier/pair-fit.ts'

const names = { a: 'A', b: 'B' }

/** Trainings on a law at `sizes` amounts of compute from 1e12 on, `seeds` at each, each off by `noise`. */
function ladder(
  law: ComparedLaw,
  sizes: number,
  { seeds = 1, noise = 0, seed = 1, ratio = 3, misfit = 0 } = {},
): LawPoint[] {
  const random = createRandom(seed)
  return Array.from({ length: sizes }, (_, i) => 1e12 * ratio ** i).flatMap((x) => {
    const off = misfit * random.normal()
    return Array.from({ length: seeds }, () => ({ x, y: lossAt(law, x) * Math.exp(off + noise * random.normal()) }))
  })
}

/** The law that needs `times` the compute of another at every loss. */
const slower = ({ asymptote, logCoefficient, exponent }: ComparedLaw, times: number): ComparedLaw => ({
  asymptote,
  logCoefficient: logCoefficient + exponent * Math.log(times),
  exponent,
})

const lawOf = (asymptote: number, loss: number, exponent: number): ComparedLaw => ({
  asymptote,
  logCoefficient: Math.log(loss - asymptote) + exponent * Math.log(1e12),
  exponent,
})

const laws = fc
  .tuple(
    fc.double({ min: 0.5, max: 2, noNaN: true }),
    fc.double({ min: 0.5, max: 2, noNaN: true }),
    fc.double({ min: 0.08, max: 0.5, noNaN: true }),
  )
  .map(([asymptote, above, exponent]) => lawOf(asymptote, asymptote + above, exponent))
const factors = fc.double({ min: 0.2, max: 5, noNaN: true })

describe('the compute multiplier', () => {
  it.each(['free', 'shared', 'pinned'] as const)('is found again where the asymptote is %s', (kind) => {
    fc.assert(
      fc.property(laws, factors, (law, times) => {
        const points = { a: ladder(law, 6), b: ladder(slower(law, times), 6) }
        const form: PairForm = kind === 'pinned' ? { kind, asymptote: law.asymptote, exponent: null } : { kind }
        const fitted = fitMultiplier(points, { form, names, resamples: 0 })
        for (const { value } of multiplierAt(fitted, spaced(1e12, 2e14, 5)))
          expect(Math.log(value! / times)).toBeCloseTo(0, 2)
      }),
      { numRuns: 25 },
    )
  })

  it('is the same at every budget where asymptote and exponent are pinned, whatever the losses are', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 1.7, max: 6, noNaN: true }), { minLength: 4, maxLength: 4 }),
        fc.array(fc.double({ min: 1.7, max: 6, noNaN: true }), { minLength: 4, maxLength: 4 }),
        fc.double({ min: 0.05, max: 0.5, noNaN: true }),
        (ya, yb, exponent) => {
          const at = (ys: number[]) => ys.map((y, i) => ({ x: 1e18 * 4 ** i, y }))
          const form: PairForm = { kind: 'pinned', asymptote: 1.6, exponent }
          const fitted = fitMultiplier({ a: at(ya), b: at(yb) }, { form, names, resamples: 40 })
          const [first, ...others] = multiplierAt(fitted, spaced(1e17, 1e23, 7))
          for (const other of others) {
            expect(Math.log(other.value! / first.value!)).toBeCloseTo(0, 8)
            if (first.low !== null) expect(other.low! / first.low).toBeCloseTo(1, 8)
            if (first.high !== null) expect(other.high! / first.high).toBeCloseTo(1, 8)
          }
        },
      ),
      { numRuns: 40 },
    )
  })

  it('of one budget is the identity that speed-ups are worked out by: ratio of the losses above the asymptote', () => {
    // marin-community/marin, experiments/grug/moe/agent.md: 3.5422 against 3.52 at 3.82e17 FLOPs
    const at = (y: number) => [0, 1].map((i) => ({ x: 3.82e17 * 10 ** i, y: 1.6 + (y - 1.6) * 10 ** (-0.0941 * i) }))
    const form: PairForm = { kind: 'pinned', asymptote: 1.6, exponent: 0.0941 }
    const fitted = fitMultiplier({ a: at(3.5422), b: at(3.52) }, { form, names, resamples: 0 })
    expect(Math.exp(fitted.laws.a.logCoefficient)).toBeCloseTo(87.7, 1)
    const [{ value }] = multiplierAt(fitted, [3.82e17])
    expect(1 / value!).toBeCloseTo(((3.5422 - 1.6) / (3.52 - 1.6)) ** (1 / 0.0941), 6)
  })

  it('of B over A and of A over B undo each other at the same loss', () => {
    fc.assert(
      fc.property(laws, laws, fc.double({ min: 0, max: 1, noNaN: true }), (p, q, share) => {
        const points = { a: ladder(p, 5), b: ladder(q, 5) }
        const form: PairForm = { kind: 'free' }
        const there = fitMultiplier(points, { form, names, resamples: 0 })
        const x = 1e12 * 81 ** share
        const [m] = multiplierAt(there, [x])
        if (m.value === null) return
        const back = fitMultiplier({ a: points.b, b: points.a }, { form, names, resamples: 0 })
        expect(multiplierAt(back, [x * m.value])[0].value! * m.value).toBeCloseTo(1, 4)
      }),
      { numRuns: 25 },
    )
  })

  it('does not care in which unit the loss is counted', () => {
    const law = lawOf(1.5, 3, 0.2)
    const points = { a: ladder(law, 5, { noise: 0.003 }), b: ladder(slower(law, 0.8), 5, { noise: 0.003, seed: 2 }) }
    const inBits = {
      a: points.a.map(({ x, y }) => ({ x, y: y / 1.7 })),
      b: points.b.map(({ x, y }) => ({ x, y: y / 1.7 })),
    }
    for (const kind of ['free', 'shared'] as const) {
      const [nats, bits] = [points, inBits].map(
        (of) => multiplierAt(fitMultiplier(of, { form: { kind }, names, resamples: 60 }), [1e13])[0],
      )
      expect(bits.value! / nats.value!).toBeCloseTo(1, 3)
      expect(bits.high! / nats.high!).toBeCloseTo(1, 2)
    }
  })

  it('has no bound where B never reaches the loss of A', () => {
    const points = { a: ladder(lawOf(1.5, 3, 0.3), 5), b: ladder(lawOf(2.5, 3, 0.3), 5) }
    const fitted = fitMultiplier(points, { form: { kind: 'free' }, names, resamples: 0 })
    expect(multiplierAt(fitted, [1e15])[0]).toEqual({ x: 1e15, value: null, low: null, high: null })
  })

  it('has no interval where as many parameters as sizes leave nothing to judge it by, unless seeds do', () => {
    const law = lawOf(1.5, 3, 0.2)
    const form: PairForm = { kind: 'free' }
    const once = fitMultiplier({ a: ladder(law, 3), b: ladder(slower(law, 0.8), 3) }, { form, names })
    expect(once.noise.a).toBeNull()
    expect(multiplierAt(once, [2e12])[0]).toMatchObject({ low: null, high: null })
    const noisy = { seeds: 3, noise: 0.002 }
    const thrice = fitMultiplier(
      { a: ladder(law, 3, noisy), b: ladder(slower(law, 0.8), 3, { ...noisy, seed: 5 }) },
      { form, names },
    )
    expect(thrice.noise.a!.freedom).toBe(6)
    expect(multiplierAt(thrice, [2e12])[0].low).not.toBeNull()
  })

  it('refuses an asymptote that a loss has passed, and says whose', () => {
    const law = lawOf(1.5, 3, 0.2)
    const form: PairForm = { kind: 'pinned', asymptote: 2.9, exponent: null }
    expect(() =>
      fitMultiplier({ a: ladder(law, 5), b: ladder(law, 5) }, { form, names: { a: 'Standard', b: 'muP' } }),
    ).toThrow(/^Standard has reached a loss of 2\.\d+, so its law cannot level off at 2\.9/)
  })
})
