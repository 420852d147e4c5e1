import { describe, expect, it } from 'vitest'
import type { CoordinatePoint, ParametrisationName, TransferPoint } from '#shared/mup/check.ts'
import { readCheck } from '#renderer/charts/check-chart.ts'
import { coordinateCsv, coordinateOption } from '#renderer/charts/coordinate-chart.ts'
import { lightTheme } from '#renderer/charts/theme.ts'
import { transferCsv, transferOption } from '#renderer/charts/transfer-chart.ts'

const series = (option: object) => (option as { series: { id: string; data: number[][] }[] }).series
const data = (option: object, id: string) => series(option).find((one) => one.id === id)!.data

describe('the chart of the coordinate check', () => {
  const at = (parametrisation: ParametrisationName, width: number, step: number, rms: number): CoordinatePoint => ({
    parametrisation,
    width,
    step,
    place: 'block',
    block: 2,
    rms,
    change: 0,
  })
  const points = [
    at('standard', 64, 0, 1),
    at('standard', 64, 1, 2),
    at('standard', 512, 0, 1),
    at('standard', 512, 1, 100),
    at('mup', 64, 0, 1),
    at('mup', 64, 1, 3),
  ]
  const plan = { points, place: 'block', block: 2 } as const

  it('has a line for each step, its widths ascending, on logarithmic axes', () => {
    const { option } = coordinateOption({ ...plan, parametrisation: 'standard' }, lightTheme)!
    expect(data(option, 'step 1')).toEqual([
      [Math.log10(64), Math.log10(2)],
      [Math.log10(512), 2],
    ])
    expect(data(option, 'step 0')).toEqual([
      [Math.log10(64), 0],
      [Math.log10(512), 0],
    ])
  })

  it('gives both parametrisations the same axes', () => {
    const [standard, mup] = (['standard', 'mup'] as const).map(
      (parametrisation) => coordinateOption({ ...plan, parametrisation }, lightTheme)!.axes,
    )
    expect(mup).toEqual(standard)
    expect(standard.y.range.to).toBeGreaterThanOrEqual(100)
  })

  it('draws a flat line flat: its axis spans a factor of ten at least', () => {
    const { axes } = coordinateOption(
      { ...plan, points: [at('mup', 64, 1, 2), at('mup', 512, 1, 2.1)], parametrisation: 'mup' },
      lightTheme,
    )!
    expect(axes.y.range.to / axes.y.range.from).toBeGreaterThanOrEqual(9.9)
  })

  it('keeps at most six lines of a long check, the first and the last among them', () => {
    const long = Array.from({ length: 40 }, (_, step) => [at('mup', 64, step, 1), at('mup', 128, step, 1)]).flat()
    const { lines } = coordinateOption({ ...plan, points: long, parametrisation: 'mup' }, lightTheme)!
    expect(lines.length).toBe(6)
    expect([lines[0].name, lines[5].name]).toEqual(['start', 'step 39'])
  })

  it('is not there before there is something to show', () => {
    expect(coordinateOption({ ...plan, points: [], parametrisation: 'mup' }, lightTheme)).toBeNull()
    expect(coordinateOption({ ...plan, block: 1, parametrisation: 'mup' }, lightTheme)).toBeNull()
  })

  it('gives every reading to a file', () => {
    expect(coordinateCsv(points).trimEnd().split('\n')).toHaveLength(7)
    expect(coordinateCsv([{ ...points[0], place: 'logits', block: null }])).toBe(
      'parametrisation,width,step,place,block,rms,change\nstandard,64,0,logits,,1,0\n',
    )
  })
})

describe('the chart of learning-rate transfer', () => {
  const at = (width: number, learningRate: number, loss: number | null): TransferPoint => ({
    parametrisation: 'standard',
    width,
    learningRate,
    loss,
  })
  const points = [
    at(64, 1e-3, 3),
    at(64, 2e-3, 2.8),
    at(64, 4e-3, 3.2),
    at(128, 1e-3, 2.7),
    at(128, 2e-3, 2.9),
    at(128, 4e-3, null),
  ]

  it('marks the best rate of every width and leaves out what diverged', () => {
    const { option } = transferOption({ points, parametrisation: 'standard' }, lightTheme)!
    expect(data(option, 'width 64 marked')).toEqual([[Math.log10(2e-3), 2.8]])
    expect(data(option, 'width 128 marked')).toEqual([[Math.log10(1e-3), 2.7]])
    expect(data(option, 'width 128')).toHaveLength(2)
    expect(transferOption({ points, parametrisation: 'mup' }, lightTheme)).toBeNull()
  })

  it('reads every width at the rate nearest to the pointer', () => {
    const found = readCheck(transferOption({ points, parametrisation: 'standard' }, lightTheme)!, 2.3e-3)!
    expect(found.x).toBe(2e-3)
    expect(found.values.map(({ line, y, isMarked }) => [line.name, y, isMarked])).toEqual([
      ['64', 2.8, true],
      ['128', 2.9, false],
    ])
  })

  it('does not let a loss far above squeeze the valley', () => {
    const { axes } = transferOption({ points: [...points, at(64, 0.1, 50)], parametrisation: 'standard' }, lightTheme)!
    expect(axes.y.range.to).toBeLessThan(6)
  })

  it('gives every model to a file', () => expect(transferCsv(points).split('\n')[6]).toBe('standard,128,0.004,,'))
})
