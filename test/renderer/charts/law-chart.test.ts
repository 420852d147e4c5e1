// The law's chart as an option: solid where measured, hollow where foretold.
import { describe, expect, it } from 'vitest'
import { lawOption, lawView } from '#renderer/charts/law-chart.ts'
import { readLawCurves } from '#renderer/charts/law-curves.ts'
import type { LawMember, LawPlan } from '#renderer/charts/law-plan.ts'
import { lawCsv, readLaw } from '#renderer/charts/law-reading.ts'
import { lightTheme } from '#renderer/charts/theme.ts'
import { appendSteps, createCurve } from '#renderer/curves/curve.ts'
import { lawOf } from '#shared/scaling/law.ts'

interface Drawn {
  id: string
  label?: { show: boolean }
  endLabel?: { formatter: string; color: string }
  data: number[][]
  itemStyle?: { color: string; opacity: number }
  lineStyle?: { type?: string; color?: string }
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
    curves: 'training',
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

  it('keeps a point that was taken out of the fit, faint and without weight', () => {
    const odd = member('odd', 3e12, { loss: 5, isExcluded: true })
    const wanted = plan([...measured, odd])
    expect(find(wanted, 'odd point')!.itemStyle).toMatchObject({ color: '#7e03a8', opacity: 0.35 })
    expect(find(wanted, 'm point')!.itemStyle).toMatchObject({ color: '#7e03a8', opacity: 1 })
    expect(wanted.law!.fit!.parameters.exponent).toBeCloseTo(-0.08, 9)
  })

  it('tells which point is under the pointer', () => {
    const wanted = plan(measured)
    const drawing = lawOption(wanted, lightTheme)!
    const size = { width: 600, height: 400 }
    expect(readLaw(wanted, drawing, 1e12 * 1.02, law(1e12), size).member?.id).toBe('m')
    expect(readLaw(wanted, drawing, 3e12, law(1e11), size).member).toBeNull()
    const [read] = readLaw(wanted, drawing, 1e13, 3, size).laws
    expect(read.y).toBeCloseTo(law(1e13), 6)
    expect(read.low).toBeLessThanOrEqual(read.y + 1e-9)
    expect(read.high).toBeGreaterThanOrEqual(read.y - 1e-9)
    // no law is read where none is drawn
    expect(readLaw(wanted, drawing, 1e10, 3, size).laws).toEqual([])
  })

  it('is saved with points and forecasts', () => {
    const rows = lawCsv(plan([...measured, member('xl', 1e14, { loss: null })]).members, '6 N D', 'nats-per-token')
      .trim()
      .split('\n')
    expect(rows[0]).toContain('6 N D')
    expect(rows[1]).toBe(`s,100000000000,${law(1e11)},yes,,,,1,`)
    expect(rows[4]).toMatch(/^xl,100000000000000,,no,\d/)
  })
})

const trained = (id: string, flops: number, changes: Partial<LawMember> = {}): LawMember => {
  const curve = createCurve()
  const at = (step: number) => ({ step, tokens: (step * flops) / 1e5 / 10, elapsedMs: step })
  appendSteps(
    curve,
    Array.from({ length: 10 }, (_, i) => ({ ...at(i + 1), loss: 9 - 0.5 * i, gradientNorm: 1, learningRate: 1 })),
  )
  curve.validations = [5, 10].map((step) => ({ ...at(step), loss: step === 10 ? law(flops) : 6 }))
  return member(id, flops, { curve, ...changes })
}

describe('the curves of the law', () => {
  it('stand on the canvas, and in a picture to be saved', () => {
    const wanted = plan([trained('s', 1e11), trained('m', 1e12)])
    const view = lawView(wanted, lightTheme, (id) => id === 'm')!
    expect(view.runs.map(({ id, isLive }) => [id, isLive])).toEqual([
      ['s', false],
      ['m', true],
    ])
    expect((view.option as unknown as { series: Drawn[] }).series.some(({ id }) => id === 's curve')).toBe(false)
    expect(find(wanted, 's curve')!.data[9][0]).toBeCloseTo(11)
  })

  it('are of training or of validation, and of validation they end in the points', () => {
    const wanted = { ...plan([trained('s', 1e11)]), curves: 'validation' as const }
    const { data } = find(wanted, 's curve')!
    expect(data).toHaveLength(2)
    expect(data[1][1]).toBeCloseTo(Math.log10(law(1e11)), 9)
    expect(find({ ...wanted, curves: 'none' }, 's curve')).toBeUndefined()
  })

  it('are read at any compute, the nearest eight, highest first', () => {
    const wanted = plan(Array.from({ length: 12 }, (_, i) => trained(`m${i}`, 1e11 * 1.1 ** i)))
    const { lines, more } = readLawCurves(wanted, 9e10, 6)
    expect(lines).toHaveLength(8)
    expect(more).toBe(4)
    expect(lines.map(({ loss }) => loss)).toEqual([...lines.map(({ loss }) => loss)].sort((a, b) => b - a))
    expect(readLawCurves(wanted, 9e13, 6).lines).toEqual([])
  })

  it('leave the axes to the final losses where these are in focus', () => {
    const wanted = plan([trained('s', 1e11), trained('m', 1e12), trained('l', 1e13)])
    const whole = lawOption(wanted, lightTheme)!.axes
    const focused = lawOption({ ...wanted, isFocused: true }, lightTheme)!.axes
    expect(whole.y.range.to).toBeGreaterThan(8)
    expect(focused.y.range.to).toBeLessThan(1.2 * law(1e11))
    expect(focused.y.range.from).toBeLessThan(law(1e13))
    expect(focused.x.range.from).toBeGreaterThan(whole.x.range.from)
  })
})

it('of many points eight carry their names, the smallest and the largest among them', () => {
  const wanted = plan(Array.from({ length: 27 }, (_, i) => member(`m${i}`, 1e11 * 1.3 ** i)))
  const named = series(wanted).filter(({ id, label }) => id.endsWith(' point') && label!.show)
  expect(named).toHaveLength(8)
  expect([named[0].id, named[7].id]).toEqual(['m0 point', 'm26 point'])
})

it('the law ends where its band ends, however far others reach', () => {
  const far = { id: 'o', name: 'o', kind: 'law' as const, source: '', loss: '', differences: [] }
  const wanted = {
    ...plan(measured),
    overlays: [
      {
        ...far,
        points: [
          { x: 1e25, y: 1.8 },
          { x: 1e20, y: 2 },
        ],
      },
    ],
  }
  const beyond = find(wanted, 'law beyond')!.data
  expect(beyond[beyond.length - 1][0]).toBeCloseTo(Math.log10(wanted.law!.band[60].x), 6)
})

it('studies laid beside have one hue each, for points, law and name, and their seeds a band', () => {
  const repeats = measured.map((one) => ({ ...one, spread: 0.01, losses: [one.loss!, one.loss!] }))
  const other = plan(repeats.map((one) => ({ ...one, colour: '#c0392b' })))
  const wanted: LawPlan = {
    ...plan(measured),
    own: { name: 'mine', hue: '#2d63a8' },
    beside: [{ id: 'b', name: 'other', hue: '#c0392b', members: other.members, law: other.law }],
  }
  expect(find(wanted, 'law')!.lineStyle!.color).toBe('#2d63a8')
  expect(find(wanted, 'b law')!.lineStyle!.color).toBe('#c0392b')
  expect(find(wanted, 'law name')!.endLabel).toMatchObject({ formatter: 'mine', color: '#2d63a8' })
  expect(find(wanted, 'b law name')!.endLabel).toMatchObject({ formatter: 'other', color: '#c0392b' })
  expect(find(wanted, 'b s point')!.itemStyle!.color).toBe('#c0392b')
  expect(find(wanted, 'b seeds')).toBeDefined()
  expect(find(wanted, 'seeds')).toBeUndefined()
  expect(new Set(series(wanted).map(({ id }) => id)).size).toBe(series(wanted).length)
  const { laws } = readLaw(wanted, lawOption(wanted, lightTheme)!, 1e12, 3, { width: 600, height: 400 })
  expect(laws.map(({ name }) => name)).toEqual(['mine', 'other'])
})
