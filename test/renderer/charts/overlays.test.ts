import { describe, expect, it } from 'vitest'
import { lawOption } from '#renderer/charts/law-chart.ts'
import { overlaySeries, readOverlay, type Overlay } from '#renderer/charts/overlays.ts'
import { lightTheme } from '#renderer/charts/theme.ts'

const overlay = (changes: Partial<Overlay> = {}): Overlay => ({
  id: 'a',
  name: 'A family',
  kind: 'family',
  points: [
    { x: 1e18, y: 2.6, name: 'small' },
    { x: 1e20, y: 2 },
  ],
  source: 'A paper',
  loss: 'nats',
  differences: [],
  ...changes,
})
const axes = {
  x: { name: '', kind: 'log' as const, range: { from: 1e17, to: 1e21 } },
  y: { name: '', kind: 'linear' as const, range: { from: 1, to: 3 } },
}

describe('published overlays', () => {
  it('are grey points for models and grey lines for laws, each named at its end', () => {
    const [family, law] = overlaySeries(
      [overlay(), overlay({ id: 'b', name: 'A law', kind: 'law' })],
      axes,
      lightTheme,
    ) as {
      data: number[][]
      symbol: string
      lineStyle: { width: number; color: string }
      endLabel: { formatter: string }
    }[]
    expect(family).toMatchObject({
      data: [
        [18, 2.6],
        [20, 2],
      ],
      lineStyle: { width: 0, color: lightTheme.neutral },
      endLabel: { formatter: 'A family' },
    })
    expect(family.symbol).not.toBe('none')
    expect(law).toMatchObject({ symbol: 'none', endLabel: { formatter: 'A law' } })
    expect(law.lineStyle.width).toBeGreaterThan(0)
  })

  it('say that they cannot be compared where they cannot', () => {
    const [series] = overlaySeries([overlay({ differences: ['another tokenizer'] })], axes, lightTheme) as {
      endLabel: { formatter: string }
    }[]
    expect(series.endLabel.formatter).toBe('A family *')
  })

  it('are read where the pointer is near, and not elsewhere', () => {
    const plot = { width: 400, height: 200 }
    expect(readOverlay([overlay()], axes, 1.05e18, 2.6, plot)?.point.name).toBe('small')
    expect(readOverlay([overlay()], axes, 1e19, 1.2, plot)).toBeNull()
  })

  it('widen the chart of the law to where they are', () => {
    const member = {
      id: 'm',
      name: 'm',
      colour: '#000000',
      symbol: 'circle',
      flopsPerToken: 1,
      flops: 1e12,
      curve: null,
      loss: 3,
      isExcluded: false,
      forecast: null,
    }
    const plan = {
      members: [member],
      law: null,
      xScale: 'log' as const,
      yScale: 'log' as const,
      curves: 'training' as const,
      showBand: true,
      zoom: null,
      pixels: 800,
      convention: '6ND',
    }
    expect(lawOption(plan, lightTheme)!.axes.x.range.to).toBeLessThan(1e13)
    const { x, y } = lawOption({ ...plan, overlays: [overlay()] }, lightTheme)!.axes
    expect(x.range.to).toBeGreaterThan(1e20)
    expect(y.range.from).toBeLessThan(2)
  })
})
