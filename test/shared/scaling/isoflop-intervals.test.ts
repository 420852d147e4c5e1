import { expect, it } from 'vitest'
import { createRandom } from '#shared/random.ts'
import { fitIsoflops, gatherBudgets, type IsoflopPoint } from '#shared/scaling/isoflop.ts'
import { isoflopIntervals } from '#shared/scaling/isoflop-intervals.ts'

/** A parabola in log10 N at each budget, whose minimum grows as C^0.5. */
function profiles(noise: number, seed: number, steps: readonly number[] = [-0.6, -0.3, 0, 0.3, 0.6]): IsoflopPoint[] {
  const random = createRandom(seed)
  return [1e12, 4e12, 1.6e13, 6.4e13].flatMap((budget) =>
    steps.map((step) => {
      const best = 1e5 * (budget / 1e12) ** 0.5
      const loss = 3 * (budget / 1e12) ** -0.05 + 0.4 * step ** 2
      return { budget, parameters: best * 10 ** step, loss: loss * Math.exp(noise * random.normal()) }
    }),
  )
}

it('exponents and vertices lie in their intervals about as often as those say', () => {
  let [exponents, vertices, all] = [0, 0, 0]
  for (let set = 0; set < 150; set++) {
    const points = profiles(0.003, set)
    const found = isoflopIntervals(points, fitIsoflops(points), { resamples: 100, seed: set })!
    if (found.size!.low <= 0.5 && found.size!.high >= 0.5) exponents++
    for (const [budget, { parameters }] of found.vertices) {
      const best = 1e5 * (budget / 1e12) ** 0.5
      all++
      if (parameters.low <= best && parameters.high >= best) vertices++
    }
  }
  expect(all).toBe(600)
  expect(exponents / 150).toBeGreaterThan(0.89)
  expect(vertices / all).toBeGreaterThan(0.92)
  expect(vertices / all).toBeLessThan(0.985)
})

it('three points at every budget leave nothing to learn the noise from', () => {
  const points = profiles(0.003, 1, [-0.4, 0, 0.4])
  expect(isoflopIntervals(points, fitIsoflops(points))).toBeNull()
})

it('budgets that differ in their fourth digit are one profile', () => {
  const points = profiles(0.001, 2).map((point, i) => ({ ...point, budget: point.budget * (1 + 1e-4 * (i % 5)) }))
  expect(fitIsoflops(gatherBudgets(points)).profiles.map(({ points: count }) => count)).toEqual([5, 5, 5, 5])
})
