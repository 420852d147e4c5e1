// Approach 3 of Hoffmann et al. 2022 on the 245 points that Besiroglu et al. 2024 recovered from its figure 4.
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { bootstrapSurface } from '#shared/scaling/bootstrap.ts'
import { optimalAllocation, allocationLaw } from '#shared/scaling/optimum.ts'
import type { SurfacePoint } from '#shared/scaling/points.ts'
import { createHuberObjective, fitSurfaceHuber, hoffmannGrid } from '#shared/scaling/surface-huber.ts'
import { fitSurface } from '#shared/scaling/surface-least-squares.ts'
import { evaluateSurface, surfaceColumns } from '#shared/scaling/surface.ts'
import { dropHighest } from '#shared/scaling/points.ts'

const all: SurfacePoint[] = readFileSync('test/fixtures/scaling/epoch_chinchilla_svg_extracted.csv', 'utf8')
  .trim()
  .split('\n')
  .slice(1)
  .map((line) => line.split(','))
  .map((cells) => ({
    parameters: Number(cells[3]),
    tokens: Number(cells[4]) / (6 * Number(cells[3])),
    loss: Number(cells[6]),
  }))
const kept = dropHighest(all, 5)
const logs = (E: number, A: number, B: number, alpha: number, beta: number) =>
  Float64Array.of(Math.log(A), Math.log(B), Math.log(E), alpha, beta)

/** Sum of Huber losses at given constants, unscaled; what papers print. */
const huberObjectiveAt = (constants: Float64Array, points: readonly SurfacePoint[]): number =>
  createHuberObjective(surfaceColumns(points))(constants, new Float64Array(5)) / 1e4

describe('the objective', () => {
  it('is Hoffmann’s on the 240 points', () => {
    expect([all.length, kept.length]).toEqual([245, 240])
    expect(
      huberObjectiveAt(Float64Array.of(6.17795598, 7.64273236, 0.59711196, 0.34781303, 0.36585412), kept),
    ).toBeCloseTo(0.0010186447, 9)
    expect(huberObjectiveAt(Float64Array.of(6.0073404, 6.0179186, 0.5267228, 0.33917084, 0.2849083), kept)).toBeCloseTo(
      0.0012311626,
      9,
    )
    expect(huberObjectiveAt(logs(1.69, 406.4, 410.7, 0.34, 0.28), kept)).toBeCloseTo(0.0041210091, 9)
  })

  it('has the gradient that differences show', () => {
    const objective = createHuberObjective(surfaceColumns(kept))
    const x = Float64Array.of(6.1, 7.5, 0.55, 0.35, 0.36)
    const gradient = new Float64Array(5)
    objective(x, gradient)
    for (let i = 0; i < 5; i++) {
      const beside = (h: number) =>
        objective(
          x.map((value, k) => value + (k === i ? h : 0)),
          new Float64Array(5),
        )
      expect((beside(1e-6) - beside(-1e-6)) / 2e-6 / gradient[i]).toBeCloseTo(1, 5)
    }
  })
})

describe('the fit from all 4,500 starts', () => {
  it('finds the published optimum of the 240 points, in seconds', () => {
    const startMs = performance.now()
    const { fit, starts } = fitSurfaceHuber(kept)
    const elapsedMs = performance.now() - startMs
    expect(starts).toBe(4500)
    expect(Object.values(hoffmannGrid).reduce((product, values) => product * values.length, 1)).toBe(4500)
    expect(Math.abs(fit.objective - 0.001018274)).toBeLessThan(1e-9)
    expect(Math.abs(fit.E - 1.81722)).toBeLessThan(1e-4)
    expect(Math.abs(fit.alpha - 0.34731)).toBeLessThan(3e-4)
    expect(Math.abs(fit.beta - 0.36717)).toBeLessThan(5e-4)
    expect(Math.abs(fit.A / 477.8 - 1)).toBeLessThan(0.01)
    expect(Math.abs(fit.B / 2143 - 1)).toBeLessThan(0.02)
    expect(fit.status).toBe('converged')
    expect(elapsedMs).toBeLessThan(20_000) // 1.3 s on an idle core; this only catches a lost order of magnitude
  })

  it('finds the optimum of all 245', () => {
    const { fit } = fitSurfaceHuber(all)
    expect(Math.abs(fit.objective - 0.00182601)).toBeLessThan(1e-8)
    for (const [value, expected, tolerance] of [
      [fit.E, 1.8913, 0.01],
      [fit.alpha, 0.3493, 0.01],
      [fit.beta, 0.453, 0.01],
      [fit.A, 495.7, 0.01],
      [fit.B, 12846, 0.05],
    ]) {
      expect(Math.abs(value / expected - 1)).toBeLessThan(tolerance)
    }
  })

  it('varies over resampled runs as published', () => {
    const { fit } = fitSurfaceHuber(kept)
    const { intervals, undetermined } = bootstrapSurface('surface-huber', fit, kept, { resamples: 400, seed: 1 })
    expect(undetermined).toBe(0)
    const { sizeExponent, ...parameters } = intervals!
    expect(Math.abs(parameters.E.standardError / 0.027 - 1)).toBeLessThan(0.2)
    expect(Math.abs(parameters.alpha.standardError / 0.015 - 1)).toBeLessThan(0.2)
    expect(Math.abs(parameters.beta.standardError / 0.021 - 1)).toBeLessThan(0.2)
    expect(Math.abs(sizeExponent.standardError / 0.02 - 1)).toBeLessThan(0.2)
    expect(parameters.alpha.low).toBeLessThan(fit.alpha)
    expect(parameters.alpha.high).toBeGreaterThan(fit.alpha)
  })
})

it('variable projection recovers a surface from points that lie on it', () => {
  const surface = { E: 1.69, A: 406.4, B: 410.7, alpha: 0.34, beta: 0.28 }
  const points = kept.map((point) => ({ ...point, loss: evaluateSurface(surface, point.parameters, point.tokens) }))
  const fit = fitSurface(points)
  expect(fit.objective).toBeLessThan(1e-16)
  for (const key of ['E', 'A', 'B', 'alpha', 'beta'] as const) expect(fit[key] / surface[key]).toBeCloseTo(1, 5)
})

it('variable projection is at least as close to the 240 points as Hoffmann’s objective is', () => {
  const sse = (fit: { E: number; A: number; B: number; alpha: number; beta: number }) =>
    kept.reduce((sum, point) => sum + (point.loss - evaluateSurface(fit, point.parameters, point.tokens)) ** 2, 0)
  const fit = fitSurface(kept)
  expect(sse(fit)).toBeCloseTo(fit.objective, 12)
  expect(sse(fit)).toBeLessThan(sse(fitSurfaceHuber(kept).fit))
})

describe('the closed-form optimum', () => {
  const rounded = { E: 1.69, A: 406.4, B: 410.7, alpha: 0.34, beta: 0.28 }
  const unrounded = {
    E: Math.exp(0.5267228),
    A: Math.exp(6.0073404),
    B: Math.exp(6.0179186),
    alpha: 0.33917084,
    beta: 0.2849083,
  }
  const epoch = { E: 1.8172, A: 482.01, B: 2085.43, alpha: 0.3478, beta: 0.3658 }
  it.each([
    ['Hoffmann, rounded', rounded, 1e18, 8.058198e7, 2.068287e9, 25.667, 3.535298],
    ['Hoffmann, rounded', rounded, 1e20, 6.448575e8, 2.58455e10, 40.079, 2.59985],
    ['Hoffmann, rounded', rounded, 1e22, 5.160474e9, 3.229678e11, 62.585, 2.138614],
    ['Hoffmann, rounded', rounded, 5.76e23, 3.218986e10, 2.982306e12, 92.647, 1.930748],
    ['Hoffmann, unrounded', unrounded, 1e20, 7.748737e8, 2.150888e10, 27.758, 2.553419],
    ['Hoffmann, unrounded', unrounded, 5.76e23, 4.036094e10, 2.378537e12, 58.932, 1.918412],
    ['Epoch', epoch, 1e18, 8.053186e7, 2.069574e9, 25.699, 3.490492],
    ['Epoch', epoch, 1e20, 8.534773e8, 1.952796e10, 22.881, 2.553405],
    ['Epoch', epoch, 1e22, 9.045158e9, 1.842606e11, 20.371, 2.141111],
    ['Epoch', epoch, 5.76e23, 7.22487e10, 1.328744e12, 18.391, 1.974441],
  ])('of %s (%#) is the published one', (_name, surface, flops, parameters, tokens, ratio, loss) => {
    const best = optimalAllocation(surface, flops)
    expect(best.parameters / parameters).toBeCloseTo(1, 6)
    expect(best.tokens / tokens).toBeCloseTo(1, 6)
    expect(best.tokensPerParameter).toBeCloseTo(ratio, 2)
    expect(best.loss).toBeCloseTo(loss, 6)
  })

  it('has the published factor and exponents', () => {
    expect(allocationLaw(rounded).G).toBeCloseTo(1.3447106, 6)
    expect(allocationLaw(rounded).a).toBeCloseTo(0.4516129, 8)
    expect(allocationLaw(epoch).G).toBeCloseTo(0.11962985, 7)
    expect(allocationLaw(epoch).a).toBeCloseTo(0.51261211, 7)
  })
})
