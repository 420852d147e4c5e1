import { describe, expect, it } from 'vitest'
import { createRandom } from '#shared/random.ts'
import { lossAt } from '#shared/scaling/multiplier/compared-law.ts'
import { fitMultiplier } from '#shared/scaling/multiplier/multiplier.ts'
import { verdictOf } from '#shared/scaling/multiplier/verdict.ts'

const names = { a: 'Standard', b: 'muP' }
const pinned = { kind: 'pinned', asymptote: 1.6, exponent: 0.15 } as const

/** Trainings from 1e12 to 1e13 FLOPs on 1.6 + (C / scale)^-exponent, `times` as slow. */
function trainings(
  times: number,
  { noise = 0.0005, seed = 1, exponent = 0.15, from = 1e12, seeds = 1, sizes = 5 } = {},
) {
  const random = createRandom(seed)
  const law = { asymptote: 1.6, logCoefficient: exponent * Math.log(1e12 * times), exponent }
  return Array.from({ length: sizes }, (_, i) => from * 10 ** (i / (sizes - 1))).flatMap((x) =>
    Array.from({ length: seeds }, () => ({ x, y: lossAt(law, x) * Math.exp(noise * random.normal()) })),
  )
}

describe('the verdict', () => {
  it('says how much less B needs, where, and from where on the data do not say', () => {
    const multiplier = fitMultiplier({ a: trainings(1), b: trainings(0.83, { seed: 2 }) }, { form: pinned, names })
    expect(verdictOf(multiplier, names)).toMatch(
      /^muP needs 0\.8\dx \(0\.\d\d to 0\.\d\d\) the compute of Standard between 1e12 and 1e13 FLOPs; beyond 1e14 FLOPs the data do not say\.$/,
    )
  })

  it('says that no difference shows where the interval holds 1, and nothing of what lies beyond', () => {
    const multiplier = fitMultiplier(
      { a: trainings(1, { noise: 0.01 }), b: trainings(1, { noise: 0.01, seed: 2 }) },
      { form: pinned, names },
    )
    expect(verdictOf(multiplier, names)).toMatch(
      /^Between 1e12 and 1e13 FLOPs no difference shows: muP needs .* the compute of Standard; beyond 1e13 FLOPs the data do not say\.$/,
    )
  })

  it('gives both ends where the multiplier changes with compute, and names a crossing', () => {
    const noise = 0.0002
    const multiplier = fitMultiplier(
      { a: trainings(1, { noise }), b: trainings(3, { noise, seed: 2, exponent: 0.3 }) },
      { form: { kind: 'pinned', asymptote: 1.6, exponent: null }, names },
    )
    expect(verdictOf(multiplier, names)).toMatch(
      /^muP needs [\d.]+x \(.+\) the compute of Standard at 1e12 FLOPs and 0\.\d+x \(.+\) at 1e13, so which of them is better depends on the size; beyond/,
    )
  })

  it('stops sooner than ten times the data where a free law becomes uncertain sooner', () => {
    const options = { noise: 0.004, seeds: 2 }
    const multiplier = fitMultiplier(
      { a: trainings(1, options), b: trainings(0.7, { ...options, seed: 9 }) },
      { form: { kind: 'free' }, names },
    )
    const beyond = Number(/beyond (\S+) FLOPs/.exec(verdictOf(multiplier, names))![1])
    expect(beyond).toBeGreaterThanOrEqual(1e13)
    expect(beyond).toBeLessThan(1e14)
  })

  it('compares nothing where the two were never trained with like amounts', () => {
    const multiplier = fitMultiplier({ a: trainings(1), b: trainings(1, { from: 1e15 }) }, { form: pinned, names })
    expect(verdictOf(multiplier, names)).toBe(
      'Standard and muP were not measured at the same compute, so the data do not say which of them needs less.',
    )
  })

  it('claims no certainty where nothing is left to learn the noise from', () => {
    const multiplier = fitMultiplier(
      { a: trainings(1, { sizes: 3 }), b: trainings(0.8, { sizes: 3 }) },
      { form: { kind: 'free' }, names },
    )
    expect(verdictOf(multiplier, names)).toMatch(/nothing says how sure that is/)
  })
})
