// Names in a report's chart: each once, none on another.
import { expect, it } from 'vitest'
import { drawPlot } from '#main/core/reports/plot.ts'

it('a member of three seeds is named once, and close members on lines of their own', () => {
  const marks = ['27.6k', '27.6k', '27.6k', '28.1k', '61.3k'].map((name, i) => ({
    ...{ name, colour: '#7e03a8' },
    at: [1e12 * (1 + (i < 4 ? i : 90) / 100), 3 - 0.001 * i] as const,
  }))
  const plot = drawPlot({ title: 'A law', x: 'C', y: 'L', isLog: { x: true, y: true }, lines: [], marks })!
  const names = [...plot.html.matchAll(/<text class="mark" x="([\d.]+)" y="([\d.]+)"[^>]*>([^<]*)</g)].map(
    ([, x, y, name]) => ({ name, x: Number(x), y: Number(y) }),
  )
  expect(names.map(({ name }) => name)).toEqual(['27.6k', '28.1k', '61.3k'])
  const [first, second] = names
  expect(Math.abs(first.x - second.x) > 31 || Math.abs(first.y - second.y) >= 13).toBe(true)
})
