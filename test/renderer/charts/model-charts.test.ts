import { describe, expect, it } from 'vitest'
import type { AttentionMaps } from '#shared/inspection.ts'
import { attentionAt, attentionCsv, attentionOption } from '#renderer/charts/attention-chart.ts'
import { histogramCsv, histogramOption } from '#renderer/charts/histogram-chart.ts'
import { darkTheme, lightTheme } from '#renderer/charts/theme.ts'
import { visibleToken } from '#renderer/format/tokens.ts'

type Drawn = {
  data: number[][]
  renderItem: (
    params: unknown,
    api: { value(i: number): number; coord(point: [number, number]): [number, number] },
  ) => { shape: { x: number; y: number; width: number; height: number }; style: { fill: string } }
}
const series = (option: object, id: string) =>
  (option as { series: (Drawn & { id: string })[] }).series.find((one) => one.id === id)!
const drawn = ({ data, renderItem }: Drawn, i: number) =>
  renderItem(null, { value: (dimension) => data[i][dimension], coord: ([x, y]) => [x * 10, -y * 10] })

describe('the histogram of a tensor', () => {
  const look = {
    name: 'wte.weight',
    shape: [4, 2],
    mean: 0,
    std: 1,
    min: -2,
    max: 2,
    histogram: [1, 3, 2, 2],
    broken: 0,
  }

  it('has equal bins from the smallest to the largest number, each as high as it counts', () => {
    const { option, axes } = histogramOption(look, lightTheme, '#123456')!
    const bins = series(option, 'bins')
    expect(bins.data).toEqual([
      [-2, -1, 1],
      [-1, 0, 3],
      [0, 1, 2],
      [1, 2, 2],
    ])
    expect(drawn(bins, 1)).toMatchObject({ shape: { x: -10, y: -30, height: 30 }, style: { fill: '#123456' } })
    expect(axes.y.range).toEqual({ from: 0, to: 3 * 1.06 })
    expect(axes.x.range.from).toBeLessThan(-2)
  })

  it('draws a tensor of one value, and nothing where none is finite', () => {
    expect(histogramOption({ ...look, min: 1, max: 1 }, lightTheme, '#000000')!.axes.x.range.to).toBeGreaterThan(1)
    expect(histogramOption({ ...look, min: NaN, max: NaN }, lightTheme, '#000000')).toBeNull()
  })

  it('is a table too', () => {
    expect(histogramCsv(look).split('\n')[2]).toBe('wte.weight,-1,0,3')
  })
})

describe('the map of a head', () => {
  const look: AttentionMaps = {
    tokens: [
      { id: 1, text: 'a' },
      { id: 2, text: ' b' },
    ],
    layer: 1,
    layers: 2,
    heads: [
      [1, 0, 0.25, 0.75],
      [1, 0, 0.5, 0.5],
    ],
  }

  it('has a cell for every pair but those of the future, the text reading downwards', () => {
    const { option, axes } = attentionOption(look, 0, lightTheme)!
    expect(series(option, 'cells').data).toEqual([
      [0, 1, 1],
      [0, 0, 0.25],
      [1, 0, 0.75],
    ])
    expect([axes.x.label!(1), axes.y.label!(0), axes.y.label!(1)]).toEqual(['␣b', '␣b', 'a'])
  })

  it('is darker where more is taken, on either ground', () => {
    for (const [theme, strong] of [
      [lightTheme, '#2f57c9'],
      [darkTheme, '#8caeff'],
    ] as const) {
      const cells = series(attentionOption(look, 0, theme)!.option, 'cells')
      expect(drawn(cells, 0).style.fill).toBe(strong)
      expect(drawn(cells, 1).style.fill).not.toBe(drawn(cells, 2).style.fill)
    }
  })

  it('names the pair under the pointer, and none beside the map', () => {
    expect(attentionAt(look, 0, 0.2, -0.3)).toEqual({ to: '␣b', from: 'a', weight: 0.25 })
    expect(attentionAt(look, 1, 1, 0)).toMatchObject({ weight: 0.5 })
    expect(attentionAt(look, 0, 1, 1)).toBeNull() // a never sees what comes after it
    expect(attentionAt(look, 0, 2, 0)).toBeNull()
  })

  it('is a table of all heads', () => {
    expect(attentionCsv(look).trim().split('\n')).toHaveLength(1 + 2 * 3)
    expect(attentionCsv(look)).toContain('1,0,1  b,0 a,0.25')
  })
})

it('shows the tokens that nobody could see', () => {
  expect([' the', '\n', '', '\t.', '\u0007'].map(visibleToken)).toEqual(['␣the', '⏎', '∅', '⇥.', '�'])
})
