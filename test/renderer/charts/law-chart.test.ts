// The law's chart as an option: solid where measured, hollow where foretold.
import { describe, expect, it } from 'vitest'
import { lawOption, type LawMember, type LawPlan } from '#renderer/charts/law-chart.ts'
import { lawCsv, readLaw } from '#renderer/charts/law-reading.ts'
import { lightTheme } from '#renderer/charts/theme.ts'
import { lawOf } from '#shared/scaling/law.ts'

interface Drawn {
  id: string
  data: number[][]
  itemStyle?: { color: string }
  lineStyle?: { type?: string }
}
const law = (x: number) => 3 * (x / 1e12) ** -0.08
const member = (id: string, flops: number, changes: Partial<LawMember> = {}): LawMember => ({
  id,
  name: id,
  colour: '#7e03a8',
  symbol: 'circle',
  flops,
  flopsPerToken: 1e5,
  curve: null,
  loss: law(flops),
  isExcluded: false,
  forecast: null,
  ...changes,
})
const measured = [member('s', 1e11), member('m', 1e12), member('l', 1e13)]
const plan = (members: LawMember[]): LawPlan => {
  const points = members
    .filter((one) => one.loss !== null && !one.isExcluded)
    .map((one) => ({ x: one.flops, y: one.loss! }))
  const found = points.length
    ? lawOf(points, { forecastAt: members.filter((one) => one.loss === null).map((one) => one.flops) })
    : null
  return {
    members: members.map((one) =>
      one.loss === null
        ? { ...one, forecast: found?.forecasts.find((forecast) => forecast.x === one.flops) ?? null }
        : one,
    ),
    law: found,
    xScale: 'log',
    yScale: 'log',
    showCurves: true,
    showBand: true,
    zoom: null,
    pixels: 800,
    convention: '6 N D',
  }
}
const series = (wanted: LawPlan) => (lawOption(wanted, lightTheme)!.option as { series: Drawn[] }).series
const find = (wanted: LawPlan, id: string) => series(wanted).find((one) => one.id === id)

describe('the law', () => {
  it('is nothing before the first point', () => {
    expect(lawOption(plan([member('s', 1e11, { loss: null })]), lightTheme)).toBeNull()
  })

  it('has no line through one point, and one through two', () => {
    expect(find(plan(measured.slice(0, 1)), 'law')).toBeUndefined()
    expect(find(plan(measured.slice(0, 2)), 'law')).toBeDefined()
  })

  it('passes through the points and is dashed beyond the last', () => {
    const wanted = plan([...measured, member('xl', 1e14, { loss: null })])
    const solid = find(wanted, 'law')!.data
    expect(solid[0][0]).toBeCloseTo(11)
    expect(10 ** solid[0][1]).toBeCloseTo(law(1e11), 6)
    expect(solid[solid.length - 1][0]).toBeCloseTo(13)
    expect(find(wanted, 'law beyond')!.lineStyle!.type).toBe('dashed')
  })

  it('foretells a member that has not finished as a hollow point', () => {
    const wanted = plan([...measured, member('xl', 1e14, { loss: null })])
    const hollow = find(wanted, 'xl forecast')!
    expect(hollow.itemStyle!.color).toBe(lightTheme.surface)
    expect(10 ** hollow.data[0][1]).toBeCloseTo(law(1e14), 6)
    expect(find(wanted, 'm point')!.itemStyle!.color).toBe('#7e03a8')
  })

  it('keeps a point that was taken out of the fit, hollow and without weight', () => {
    const odd = member('odd', 3e12, { loss: 5, isExcluded: true })
    const wanted = plan([...measured, odd])
    expect(find(wanted, 'odd point')!.itemStyle!.color).toBe(lightTheme.surface)
    expect(wanted.law!.fit!.parameters.exponent).toBeCloseTo(-0.08, 9)
  })

  it('tells which point is under the pointer', () => {
    const wanted = plan(measured)
    const drawing = lawOption(wanted, lightTheme)!
    const size = { width: 600, height: 400 }
    expect(readLaw(wanted, drawing, 1e12 * 1.02, law(1e12), size).member?.id).toBe('m')
    expect(readLaw(wanted, drawing, 3e12, law(1e11), size).member).toBeNull()
    expect(readLaw(wanted, drawing, 1e13, 3, size).law!.y).toBeCloseTo(law(1e13), 6)
  })

  it('is saved with points and forecasts', () => {
    const rows = lawCsv(plan([...measured, member('xl', 1e14, { loss: null })]).members, '6 N D')
      .trim()
      .split('\n')
    expect(rows[0]).toContain('6 N D')
    expect(rows[1]).toBe(`s,100000000000,${law(1e11)},yes,,,,1,`)
    expect(rows[4]).toMatch(/^xl,100000000000000,,no,\d/)
  })
})
