// Offset power laws through the seven Cerebras-GPT models, and IsoFLOP parabolas on Hoffmann's own surface.
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { curveFromConstants, evaluateCurve, relativeResiduals, standardDeviation } from '#shared/scaling/curve.ts'
import { fitIsoflops } from '#shared/scaling/isoflop.ts'
import { holdOut } from '#shared/scaling/law.ts'
import { fitOffsetPowerLaw } from '#shared/scaling/offset-power-law.ts'
import { optimalAllocation } from '#shared/scaling/optimum.ts'
import { fitPowerLaw } from '#shared/scaling/power-law.ts'
import { evaluateSurface } from '#shared/scaling/surface.ts'
import { publishedLaws, publishedPoints } from '#shared/scaling/published.ts'

const rows = readFileSync('test/fixtures/scaling/published_model_points.csv', 'utf8')
  .trim()
  .split('\n')
  .slice(1)
  .map((line) => line.split(','))
  .filter((cells) => cells[0] === 'Cerebras-GPT')
const column = { published: 5, reconstructed: 6, sixNd: 7 } as const
const points = (of: keyof typeof column) =>
  rows.map((cells) => ({ x: Number(cells[column[of]]), y: Number(cells[8]), name: cells[1] }))

describe('seven Cerebras-GPT models', () => {
  it.each([
    ['published', 'loss', 6.4712e22, -0.073293, 0.501339, 1.172221e-3],
    ['published', 'log-loss', 1.12296e23, -0.0713, 0.459283, 3.031826e-4],
    ['reconstructed', 'loss', 5.5128e22, -0.073987, 0.512678, 1.393888e-3],
    ['reconstructed', 'log-loss', 1.0405e23, -0.071648, 0.463959, 3.511798e-4],
    ['sixNd', 'loss', 1.6539e23, -0.066677, 0.42896, 1.48566e-3],
  ] as const)('offset law over %s FLOPs, least squares on %s', (flops, objective, scale, exponent, offset, sse) => {
    const { parameters, ...fit } = fitOffsetPowerLaw(points(flops), { objective })
    expect(Math.abs(parameters.scale / scale - 1)).toBeLessThan(1e-3)
    expect(Math.abs(parameters.exponent - exponent)).toBeLessThan(2e-6)
    expect(Math.abs(parameters.offset - offset)).toBeLessThan(2e-5)
    expect(fit.sse / sse).toBeCloseTo(1, 4)
    expect(fit.status).toBe('converged')
  })

  it('straight line over published FLOPs', () => {
    const fit = fitPowerLaw(points('published'))
    expect(fit.parameters.scale / 8.655005e25).toBeCloseTo(1, 5)
    expect(fit.parameters.exponent).toBeCloseTo(-0.054863, 6)
    expect(fit.rSquared).toBeCloseTo(0.997987, 6)
  })

  it('lie around the published law with its published spread', () => {
    const law = publishedLaws.find(({ id }) => id === 'cerebras-gpt')!
    expect(law.kind).toBe('curve')
    if (law.kind !== 'curve') return
    expect(standardDeviation(relativeResiduals(curveFromConstants(law.parameters), points('published')))).toBeCloseTo(
      0.00661,
      5,
    )
    expect(evaluateCurve(curveFromConstants(law.parameters), 2.6e18)).toBeCloseTo(2.603, 3)
  })

  it('foretell the 13B when it is held out', () => {
    const line = holdOut(points('published'), 1, { form: 'power' })!
    expect(line.y).toBeCloseTo(1.5701, 4)
    expect(line.error).toBeCloseTo(1.5701 / 1.572 - 1, 4)
    const offset = holdOut(points('published'), 1, { form: 'offset-power', objective: 'loss' })!
    expect(offset.y).toBeCloseTo(1.59668, 4)
    expect(offset).toMatchObject({ name: '13B', measured: 1.572, isInside: true })
  })

  it('are shipped as overlay points with the same numbers', () => {
    const shipped = publishedPoints.find((family) => family.id === 'cerebras-gpt')!
    expect(shipped.points.map(({ flops, loss }) => [flops.published, loss])).toEqual(
      rows.map((cells) => [Number(cells[5]), Number(cells[8])]),
    )
  })
})

describe('IsoFLOP parabolas on the rounded Hoffmann surface', () => {
  const surface = { E: 1.69, A: 406.4, B: 410.7, alpha: 0.34, beta: 0.28 }
  const budgets = [6e18, 1e19, 3e19, 6e19, 1e20, 3e20, 6e20, 1e21, 3e21]
  const profiles = budgets.flatMap((budget) =>
    Array.from({ length: 9 }, (_, i) => {
      const parameters = optimalAllocation(surface, budget).parameters * 2 ** ((i - 4) / 2)
      return { budget, parameters, loss: evaluateSurface(surface, parameters, budget / (6 * parameters)) }
    }),
  )
  const fit = fitIsoflops(profiles)

  it.each([
    [6e18, 1.835759e8, 3.091206, 0.359472],
    [1e20, 6.54061e8, 2.599681, 0.233374],
    [3e21, 3.038822e9, 2.229609, 0.138434],
  ])('have the expected vertex at %d', (budget, parameters, loss, curvature) => {
    const profile = fit.profiles.find((one) => one.budget === budget)!
    expect(profile.parameters / parameters).toBeCloseTo(1, 6)
    expect(profile.loss).toBeCloseTo(loss, 6)
    expect(profile.curvature).toBeCloseTo(curvature, 6)
    expect(profile.rejection).toBeNull()
  })

  it('put every optimum 1.43 % too high and the exponent right', () => {
    for (const profile of fit.profiles)
      expect(profile.parameters / optimalAllocation(surface, profile.budget).parameters).toBeCloseTo(1.01427, 5)
    expect(fit.size!.slope).toBeCloseTo(0.451613, 6)
    expect(fit.size!.intercept).toBeCloseTo(-0.21664, 5)
  })
})
