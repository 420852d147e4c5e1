import { describe, expect, it } from 'vitest'
import { createRandom } from '#shared/random.ts'
import { bootstrapCurve, fitCurve } from '#shared/scaling/bootstrap.ts'
import type { CurveForm } from '#shared/scaling/curve.ts'
import { lawOf } from '#shared/scaling/law.ts'
import type { LawPoint } from '#shared/scaling/points.ts'
import { studentTails } from '#shared/scaling/student.ts'
import { agreeing, lawWarnings, surfaceWarnings } from '#shared/scaling/warnings.ts'

const law = (x: number) => 1.7 + 3 * (x / 1e12) ** -0.25
const random = createRandom(11)
const sizes = [1, 2, 5, 10, 20, 50, 100, 300, 1000].map((x) => x * 1e12)
const drawn = (noise = 0.003, of = law): LawPoint[] =>
  sizes.map((x, i) => ({ x, y: of(x) * Math.exp(noise * random.normal()), name: `m${i}` }))
const warningsOf = (points: readonly LawPoint[], at: number[] = [], form: CurveForm = 'power') => {
  const fit = fitCurve(points, form)
  return lawWarnings(points, fit, bootstrapCurve(fit, points, { resamples: 100 }), at)
}
const kinds = (points: readonly LawPoint[], at: number[] = [], form: CurveForm = 'power') =>
  warningsOf(points, at, form).map(({ kind }) => kind)
const line = (x: number) => 3 * (x / 1e12) ** -0.06

describe('a law is warned of', () => {
  it('nothing where its points are what they should be', () => {
    expect(kinds(drawn(0.003, line), [5e15])).toEqual([])
  })

  it('noise that is no trend', () => {
    const flat = drawn(0.02, () => 3)
    const [first] = warningsOf(flat)
    expect(first).toMatchObject({ kind: 'no-trend', isStrong: true })
    expect(first.text).toMatch(/no trend/)
  })

  it('a law that rises with compute, however well it fits, and with two points too', () => {
    const rising = (x: number) => 2 * (x / 1e12) ** 0.05
    const [first, ...others] = warningsOf(drawn(0.003, rising))
    expect(first).toMatchObject({ kind: 'rises', isStrong: true })
    expect(first.text).toMatch(/^The loss rises with compute \(exponent \+0\.0\d+\).*plan nothing by it/)
    expect(others.map(({ kind }) => kind)).not.toContain('no-trend')
    const withConstant = lawOf(drawn(0.003, rising), { form: 'offset-power' })
    expect(withConstant.warnings[0]).toMatchObject({ kind: 'rises', isStrong: true })
    expect(
      lawOf([
        { x: 1e12, y: 3 },
        { x: 1e13, y: 3.1 },
      ]).warnings[0].kind,
    ).toBe('rises')
    expect(
      lawOf([
        { x: 1e12, y: 3.1 },
        { x: 1e13, y: 3 },
      ]).warnings,
    ).toEqual([])
  })

  it('a range under a factor of four', () => {
    const near = [1, 1.5, 2, 2.5, 3].map((x) => ({ x, y: 3 * x ** -0.1 * (1 + 1e-4 * random.normal()) }))
    expect(kinds(near)).toEqual(['narrow-range'])
  })

  it('a forecast beyond ten times the data, and strongly beyond a hundred', () => {
    const points = drawn(0.003, line)
    expect(kinds(points, [9.9e15])).toEqual([])
    expect(warningsOf(points, [2e16])).toMatchObject([{ kind: 'far-forecast', isStrong: false }])
    expect(warningsOf(points, [2e17])).toMatchObject([{ kind: 'far-forecast', isStrong: true }])
  })

  it('one point that disagrees, which is named, and left out of the robust fit', () => {
    for (const form of ['power', 'offset-power'] as const) {
      const points = drawn(0.002, form === 'power' ? line : law).map((point, i) =>
        i === 4 ? { ...point, y: point.y * 1.06 } : point,
      )
      const found = warningsOf(points, [], form).find(({ kind }) => kind === 'outlier')
      expect(found).toMatchObject({ point: 4 })
      expect(found!.text).toMatch(/^m4 disagrees with the others: it lies [56]\.\d % above/)
      const robust = agreeing(points, fitCurve(points, form))
      expect(robust.map(({ name }) => name)).toEqual(points.filter((_, i) => i !== 4).map(({ name }) => name))
    }
  })

  it('no point in 500 sets that have none, but for the share that chance allows', () => {
    let named = 0
    for (let set = 0; set < 500; set++) if (kinds(drawn(0.004, line)).includes('outlier')) named++
    expect(named / 500).toBeLessThan(0.025) // 1 % is aimed at
  })

  it('rows that are there twice', () => {
    const points = drawn(0.003, line)
    expect(kinds([...points, points[2]])).toEqual(['duplicates'])
    const surface = [
      { parameters: 1e6, tokens: 2e7, loss: 3 },
      { parameters: 1e5, tokens: 2e6, loss: 4 },
    ]
    expect(surfaceWarnings([...surface, surface[0]]).map(({ kind }) => kind)).toEqual(['duplicates'])
  })

  it('an interval that ends at a bound', () => {
    const straight = drawn(0.003, (x) => 3 * (x / 1e12) ** -0.1)
    expect(kinds(straight, [], 'offset-power')).toContain('at-bound')
    expect(kinds(drawn(1e-4), [], 'offset-power')).toEqual([])
  })

  it('with the fit itself, for the ladder that it forecasts', () => {
    expect(lawOf(drawn(0.003), { form: 'power', forecastAt: [1e18] }).warnings.map(({ kind }) => kind)).toContain(
      'far-forecast',
    )
  })
})

it('the tails of Student’s t are those of the tables', () => {
  for (const [t, freedom, tails] of [
    [12.7062, 1, 0.05],
    [2.7764, 4, 0.05],
    [2.2281, 10, 0.05],
    [4.0321, 5, 0.01],
    [1.96, 1e6, 0.05],
  ])
    expect(studentTails(t, freedom)).toBeCloseTo(tails, 4)
})
