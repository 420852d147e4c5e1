// The best size and tokens against compute: minima with intervals, straight lines, published ones in grey.
import { expect, it } from 'vitest'
import { optimaOf, optimumCsv, optimumOption, readOptimum } from '#renderer/charts/optimum-chart.ts'
import { lightTheme } from '#renderer/charts/theme.ts'
import { fitIsoflops } from '#shared/scaling/isoflop.ts'

const bestAt = (budget: number) => 1e5 * (budget / 1e12) ** 0.5
const points = [1e12, 4e12, 1.6e13].flatMap((budget) =>
  [0.3, 0.6, 1, 2, 4].map((share) => ({
    budget,
    parameters: share * bestAt(budget),
    loss: 3 + 0.4 * Math.log10(share) ** 2,
  })),
)
const fit = fitIsoflops(points)
const between = { parameters: { low: 1.8e5, high: 2.2e5 }, tokens: { low: 3e6, high: 3.7e6 } }
const optima = optimaOf(fit, new Map([[4e12, between]]))
const drawn = (changes: { without?: boolean } = {}) =>
  optimumOption(
    optima,
    { N: fit.size, D: fit.tokens },
    changes.without ? [] : [{ name: 'Other', what: 'N', at: (flops) => flops ** 0.5 / 10 }],
    '6 N D',
    lightTheme,
  )!
const find = (id: string) =>
  (
    drawn().option as unknown as { series: { id: string; data: number[][]; lineStyle?: { color: string } }[] }
  ).series.find((one) => one.id === id)!

it('each minimum stands as a size and as its tokens, with its interval', () => {
  expect(10 ** find('N 4000000000000').data[0][1]).toBeCloseTo(2e5, -2)
  expect(10 ** find('D 4000000000000').data[0][1]).toBeCloseTo(4e12 / 6 / 2e5, -4)
  const [low, high] = find('D 4000000000000 interval').data.map(([, y]) => 10 ** y)
  expect(low / 3e6).toBeCloseTo(1, 6)
  expect(high / 3.7e6).toBeCloseTo(1, 6)
  expect(find('N 1000000000000 interval')).toBeUndefined()
})

it('the lines have the exponents as slopes and go on, dashed, beyond the last minimum', () => {
  const [[x1, y1], [x2, y2]] = find('N line').data
  expect((y2 - y1) / (x2 - x1)).toBeCloseTo(0.5, 6)
  expect(find('N beyond').data[0]).toEqual(find('N line').data[1])
  expect(find('published 0').lineStyle!.color).toBe(lightTheme.neutral)
})

it('nothing is drawn without a minimum, and the nearest one is read', () => {
  expect(optimumOption([], { N: null, D: null }, [], '6 N D', lightTheme)).toBeNull()
  const plot = { width: 600, height: 400 }
  expect(readOptimum(drawn(), { x: 4.1e12, y: 2e5 }, plot)).toMatchObject({ what: 'N', budget: 4e12 })
  expect(readOptimum(drawn(), { x: 4.1e12, y: 6e6 }, plot)).toBeNull()
  expect(optimumCsv(optima).trim().split('\n')).toHaveLength(1 + 6)
})
