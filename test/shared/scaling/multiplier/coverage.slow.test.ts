// Of simulated pairs whose multiplier is known, how often the interval holds it. Two uncertain noises make it a little
// wide (the problem of Behrens and Fisher), which is why 98 is let pass.
import { describe, expect, it } from 'vitest'
import { createRandom } from '#shared/random.ts'
import { type ComparedLaw, lossAt } from '#shared/scaling/multiplier/compared-law.ts'
import { fitMultiplier, multiplierAt } from '#shared/scaling/multiplier/multiplier.ts'
import type { PairForm } from '#shared/scaling/multiplier/pair-fit.ts'

const a: ComparedLaw = { asymptote: 1.9, logCoefficient: Math.log(1.6) + 0.35 * Math.log(1e11), exponent: 0.35 }
const factor = 0.8
const b: ComparedLaw = { ...a, logCoefficient: a.logCoefficient + a.exponent * Math.log(factor) }

interface Design {
  form: PairForm
  sizes: number
  seeds: number
  noise: number
  /** Of the sizes around the law, beyond the seeds. */
  misfit: number
}

const designs: Design[] = [
  { form: { kind: 'free' }, sizes: 5, seeds: 3, noise: 0.002, misfit: 0 },
  { form: { kind: 'free' }, sizes: 8, seeds: 1, noise: 0.002, misfit: 0 },
  { form: { kind: 'shared' }, sizes: 5, seeds: 3, noise: 0.002, misfit: 0 },
  { form: { kind: 'shared' }, sizes: 5, seeds: 1, noise: 0.003, misfit: 0 },
  { form: { kind: 'pinned', asymptote: 1.9, exponent: 0.35 }, sizes: 4, seeds: 1, noise: 0.003, misfit: 0 },
  { form: { kind: 'pinned', asymptote: 1.9, exponent: null }, sizes: 5, seeds: 3, noise: 0.001, misfit: 0.003 },
]

describe('an interval of 95 %', () => {
  it.each(designs)(
    'holds the true multiplier in 93 to 98 of a hundred: %j',
    ({ form, sizes, seeds, noise, misfit }) => {
      const sets = 200
      let held = 0
      for (let set = 0; set < sets; set++) {
        const random = createRandom(1000 + set)
        const draw = (law: ComparedLaw) =>
          Array.from({ length: sizes }, (_, i) => 2e11 * 2.5 ** i).flatMap((x) => {
            const off = misfit * random.normal()
            return Array.from({ length: seeds }, () => ({
              x,
              y: lossAt(law, x) * Math.exp(off + noise * random.normal()),
            }))
          })
        const fitted = fitMultiplier(
          { a: draw(a), b: draw(b) },
          { form, names: { a: 'A', b: 'B' }, resamples: 200, seed: set },
        )
        const [{ low, high }] = multiplierAt(fitted, [1e12])
        if ((low ?? 0) <= factor && factor <= (high ?? Infinity)) held++
      }
      expect(held / sets).toBeGreaterThanOrEqual(0.93)
      expect(held / sets).toBeLessThanOrEqual(0.98)
    },
  )
})
