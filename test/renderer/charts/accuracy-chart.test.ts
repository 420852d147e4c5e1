import { describe, expect, it } from 'vitest'
import {
  accuracyCsv,
  accuracyOption,
  meanOfSeven,
  publishedFamilies,
  publishedOverlays,
  readAccuracy,
  usualFamilies,
  type AccuracyPlan,
  type AccuracyPoint,
} from '#renderer/charts/accuracy-chart.ts'
import { readOverlay } from '#renderer/charts/overlays.ts'
import { lightTheme } from '#renderer/charts/theme.ts'

const point = (changes: Partial<AccuracyPoint> = {}): AccuracyPoint => ({
  id: 'a',
  name: 'a',
  colour: '#112233',
  symbol: 'circle',
  isHollow: false,
  isMember: true,
  flops: 1e12,
  value: 0.5,
  stderr: 0.25,
  items: 60,
  ...changes,
})
const plan = (changes: Partial<AccuracyPlan> = {}): AccuracyPlan => ({
  points: [point()],
  published: [],
  chance: 0.25,
  name: 'acc, PIQA',
  isShare: true,
  convention: '6 N D',
  zoom: null,
  ...changes,
})
type Series = {
  id: string
  data: number[][]
  symbol?: string
  itemStyle?: { color: string; borderColor?: string }
  lineStyle?: { color: string }
  endLabel?: { formatter: string }
}
const seriesOf = (one: AccuracyPlan) => (accuracyOption(one, lightTheme)!.option as { series: Series[] }).series

describe('accuracy against compute', () => {
  it('draws a forecast dashed with its band, and reaches as far as it does', () => {
    const forecast = [1e12, 1e13].map((x, i) => ({ x, y: 0.5 + 0.1 * i, low: 0.4, high: 0.9 }))
    const one = plan({ forecast })
    expect(seriesOf(one).find(({ id }) => id === 'forecast')!.data).toEqual([
      [12, 0.5],
      [13, 0.6],
    ])
    expect(seriesOf(one).some(({ id }) => id === 'forecast band')).toBe(true)
    const { x, y } = accuracyOption(one, lightTheme)!.axes
    expect(x.range.to).toBeGreaterThan(1e13)
    expect(y.range.to).toBeGreaterThan(0.9)
  })

  it('draws points with their standard error, the line of guessing, and nothing where there is nothing', () => {
    expect(accuracyOption(plan({ points: [] }), lightTheme)).toBeNull()
    const series = seriesOf(plan())
    expect(series.find(({ id }) => id === 'a point')!.data).toEqual([[12, 0.5]])
    expect(series.find(({ id }) => id === 'a error')!.data).toMatchObject([
      [12, 0.25],
      { value: [12, 0.75], label: { formatter: 'a' } },
    ])
    expect(series.find(({ id }) => id === 'chance')!.endLabel!.formatter).toBe('chance 0.25')
    expect(seriesOf(plan({ chance: null, points: [point({ stderr: null })] })).map(({ id }) => id)).toEqual([
      'grid-y',
      'grid-x',
      'a point',
    ])
  })

  it('joins the members, and leaves earlier checkpoints hollow and unjoined', () => {
    const series = seriesOf(
      plan({
        points: [
          point({ id: 'b', flops: 1e14, value: 0.4 }),
          point(),
          point({ id: 'c', flops: 1e13, isHollow: true }),
          point({ id: 'd', flops: 1e15, isMember: false }),
        ],
      }),
    )
    expect(series.find(({ id }) => id === 'members')!.data).toEqual([
      [12, 0.5],
      [14, 0.4],
    ])
    expect(series.find(({ id }) => id === 'c point')!.itemStyle!.color).toBe(lightTheme.surface)
  })

  it('lays published families over it in grey, each told from the others by its symbol', () => {
    const published = publishedOverlays('hellaswag', 0, usualFamilies)
    expect(published.map(({ name }) => name)).toEqual(publishedFamilies.filter((name) => usualFamilies.includes(name)))
    // Dey et al. 2023, zero-shot
    expect(published[0].points[0]).toEqual({ x: 2.6e18, y: 0.268, name: 'Cerebras-GPT 111M' })
    const drawn = seriesOf(plan({ published })).filter(({ id }) => id.startsWith('published'))
    expect(new Set(drawn.map(({ symbol, itemStyle }) => `${symbol} ${itemStyle!.color}`)).size).toBe(published.length)
    expect(
      drawn.every(
        ({ itemStyle, lineStyle }) =>
          itemStyle!.borderColor === lightTheme.neutral && lineStyle!.color === lightTheme.neutral,
      ),
    ).toBe(true)
    const { axes } = accuracyOption(plan({ published }), lightTheme)!
    expect(axes.x.range.from).toBeLessThan(1e12)
    expect(axes.x.range.to).toBeGreaterThan(6.4e22)
    expect(readOverlay(published, axes, 2.6e18, 0.268, { width: 600, height: 400 })!.overlay.source).toMatch(
      /Dey et al\. 2023/,
    )
  })

  it('has the published mean of the seven, by the number of examples, and nothing for other tasks', () => {
    expect(publishedOverlays(meanOfSeven, 5, ['Cerebras-GPT'])[0].points.at(-1)!.name).toBe('Cerebras-GPT 13B')
    expect(publishedOverlays(meanOfSeven, 0, ['Cerebras-GPT'])[0].points.at(-1)!.y).toBe(0.57)
    expect(publishedOverlays('copy', 0, usualFamilies)).toEqual([])
    expect(publishedOverlays('hellaswag', 3, usualFamilies)).toEqual([])
  })

  it('keeps shares between nothing and one', () => {
    expect(
      accuracyOption(
        plan({ points: [point({ value: 0.99, stderr: 0.05 }), point({ id: 'z', value: 0, stderr: 0, flops: 1e13 })] }),
        lightTheme,
      )!.axes.y.range,
    ).toEqual({ from: 0, to: 1 })
  })

  it('reads the nearest point, and is saved with its sources', () => {
    const one = plan({
      points: [point(), point({ id: 'b', name: 'b', flops: 1e14, value: 0.4 })],
      published: publishedOverlays('piqa', 0, ['GPT-J']),
    })
    const drawing = accuracyOption(one, lightTheme)!
    const plot = { width: 600, height: 400 }
    expect(readAccuracy(one, drawing, 1.1e14, 0.4, plot)!.name).toBe('b')
    expect(readAccuracy(one, drawing, 1e17, 0.9, plot)).toBeNull()
    const lines = accuracyCsv(one, { task: 'piqa', metric: 'acc', shots: 0, study: 'Mine' }).trim().split('\n')
    expect(lines[1]).toBe('a,piqa,acc,0,1000000000000,0.5,0.25,60,0.25,Mine; FLOPs: 6 N D')
    expect(lines[3]).toMatch(/^GPT-J 6B,piqa,acc,0,17000000000000000000000|^GPT-J 6B,piqa,acc,0,1\.7e\+22/)
  })
})
