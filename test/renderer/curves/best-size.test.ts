// How the best size grows: budgets gathered, curves enveloped, parabolas drawn with what they are worth.
import { describe, expect, it } from 'vitest'
import { isoflopOption } from '#renderer/charts/isoflop-chart.ts'
import { lightTheme } from '#renderer/charts/theme.ts'
import { mostSizes, openSide } from '#renderer/curves/budgets.ts'
import { gatherBudgets } from '#shared/scaling/isoflop.ts'
import { appendSteps, createCurve } from '#renderer/curves/curve.ts'
import { envelopeOfMembers } from '#renderer/curves/envelope.ts'
import { evaluateSurface, type Surface } from '#shared/scaling/surface.ts'
import { fitIsoflops } from '#shared/scaling/isoflop.ts'

const surface: Surface = { E: 1.7, A: 80, B: 300, alpha: 0.35, beta: 0.35 }
const pointAt = (budget: number, parameters: number) => ({
  budget,
  parameters,
  loss: evaluateSurface(surface, parameters, budget / (6 * parameters)),
})

describe('budgets', () => {
  it('take in what whole batches have moved by a few percent, and nothing further', () => {
    const gathered = gatherBudgets([
      pointAt(1.04e13, 1e5),
      pointAt(1e13, 2e5),
      pointAt(1.2e13, 4e5),
      pointAt(2e14, 1e5),
    ])
    expect(new Set(gathered.map(({ budget }) => budget)).size).toBe(3)
    expect(gathered[0].budget).toBe(gathered[1].budget)
    expect(gathered[0].budget).toBeCloseTo(Math.sqrt(1e13 * 1.04e13), -3)
    expect(mostSizes(gathered)).toBe(2)
    expect(mostSizes([])).toBe(0)
  })

  it('make parabolas whose exponent is the surface’s', () => {
    // alpha = beta, so the best size is G (C/6)^½ with G = (A/B)^(1/(alpha + beta)).
    const best = (budget: number) => (80 / 300) ** (1 / 0.7) * Math.sqrt(budget / 6)
    const points = gatherBudgets(
      [1e14, 1e15, 1e16].flatMap((budget) =>
        [0.25, 0.5, 1, 2, 4].map((share) => pointAt(budget, share * best(budget))),
      ),
    )
    const fit = fitIsoflops(points)
    expect(fit.size!.slope).toBeCloseTo(0.5, 6)
    const { series } = isoflopOption(points, fit, lightTheme)!.option as unknown as {
      series: { id: string; data: number[][] }[]
    }
    const minima = series.filter(({ id }) => id.endsWith('minimum'))
    expect(minima).toHaveLength(3)
    minima.forEach(({ data }, i) => expect(10 ** data[0][0] / best([1e14, 1e15, 1e16][i])).toBeCloseTo(1, 1))
    const parabola = series.find(({ id }) => id.endsWith('parabola'))!.data
    expect(Math.min(...parabola.map(([, y]) => y))).toBeCloseTo(minima[0].data[0][1], 4)
  })
})

it.each([
  ['smaller', [1.5, 2.5, 4, 6]],
  ['larger', [0.1, 0.2, 0.4, 0.6]],
  [null, [0.3, 0.6, 1, 2]],
] as const)('a minimum outside the sizes lies on the side that is open: %s', (side, shares) => {
  const points = shares.map((share) => ({
    budget: 1e13,
    parameters: 1e5 * share,
    loss: 3 + 0.4 * Math.log10(share) ** 2,
  }))
  for (const profile of fitIsoflops(points).profiles) expect(openSide(points, profile)).toBe(side)
})

describe('the envelope of curves on the screen', () => {
  const member = (parameters: number, steps: number) => {
    const curve = createCurve()
    appendSteps(
      curve,
      Array.from({ length: steps }, (_, i) => ({
        step: i + 1,
        tokens: (i + 1) * 1000,
        loss: evaluateSurface(surface, parameters, (i + 1) * 1000),
        gradientNorm: 1,
        learningRate: 1e-3,
        elapsedMs: i,
      })),
    )
    return { parameters, flopsPerToken: 6 * parameters, curve }
  }
  it('is the smaller member early and the larger one late', () => {
    const members = [member(2e4, 5000), member(1e5, 5000)]
    const { points, size } = envelopeOfMembers(members)
    expect(points[0].curve).toBe(0)
    expect(points[points.length - 1].curve).toBe(1)
    expect(size!.slope).toBeGreaterThan(0)
    const middle = points[Math.floor(points.length / 2)]
    const lowest = Math.min(
      ...members.map(({ parameters }) => evaluateSurface(surface, parameters, middle.flops / (6 * parameters))),
    )
    expect(Math.abs(middle.loss / lowest - 1)).toBeLessThan(0.03) // smoothing lifts what falls steeply
  })

  it('passes over members that have no curve yet', () => {
    expect(envelopeOfMembers([{ parameters: 1e4, flopsPerToken: 6e4, curve: null }]).points).toEqual([])
    expect(
      envelopeOfMembers([{ parameters: 1e4, flopsPerToken: 6e4, curve: null }, member(2e4, 100)]).points.every(
        ({ curve }) => curve === 1,
      ),
    ).toBe(true)
  })
})
