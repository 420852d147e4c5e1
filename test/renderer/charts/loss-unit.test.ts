// Every loss chart in bits per byte: what is drawn, read and saved is the recorded loss times the run's own factor.
import { describe, expect, it } from 'vitest'
import { curvesOption, curvesView } from '#renderer/charts/curves-chart.ts'
import type { CurvesPlan } from '#renderer/charts/curves-plan.ts'
import { curvesCsv, readCurves } from '#renderer/charts/curves-reading.ts'
import { isoflopCsv, isoflopOption } from '#renderer/charts/isoflop-chart.ts'
import { lawOption, lawView } from '#renderer/charts/law-chart.ts'
import { readLawCurves } from '#renderer/charts/law-curves.ts'
import type { LawPlan } from '#renderer/charts/law-plan.ts'
import { lawCsv } from '#renderer/charts/law-reading.ts'
import { sweepCsv, sweepOption } from '#renderer/charts/sweep-chart.ts'
import { lightTheme } from '#renderer/charts/theme.ts'
import { transferCsv, transferOption } from '#renderer/charts/transfer-chart.ts'
import { appendSteps, createCurve } from '#renderer/curves/curve.ts'
import { fitIsoflops } from '#shared/scaling/isoflop.ts'
import { isoflopTimes } from '#shared/scaling/law-times.ts'
import { valleyOf } from '#shared/scaling/valley.ts'
import { sweepTimes } from '#shared/sweep/sweep-times.ts'

const unit = 'bits-per-byte' as const
const [slow, fast] = [
  { training: 0.5, validation: 0.25 },
  { training: 2, validation: 3 },
]
const losses = [6, 5, 4, 3.5]
function curve() {
  const made = createCurve()
  const placed = losses.map((loss, i) => ({ step: i + 1, tokens: (i + 1) * 100, loss, elapsedMs: (i + 1) * 50 }))
  appendSteps(
    made,
    placed.map((one) => ({ ...one, gradientNorm: 2, learningRate: 1e-3 })),
  )
  made.validations = [{ ...placed[3], loss: 4 }]
  return made
}
const line = (id: string, factor: typeof slow) => ({
  ...{ id, name: id, colour: '#cc4678', symbol: 'circle', curve: curve(), flopsPerToken: 1000, factor },
})
const curves: CurvesPlan = {
  ...{ x: 'step', y: 'loss', xScale: 'linear', yScale: 'linear', unit, smoothing: 0, zoom: null, pixels: 600 },
  lines: [line('slow', slow), line('fast', fast)],
  showTraining: true,
  showValidation: true,
  convention: '6 N D',
}

describe('training curves in bits per byte', () => {
  const drawn = curvesView(curves, lightTheme, () => false)!
  const strokeOf = (id: string, part: string) =>
    [...drawn.runs.find((run) => run.id === id)!.strokes.find((stroke) => stroke.part === part)!.points].filter(
      (_, i) => i % 2 === 1,
    )

  it('stand each at its own factor, training and validation by the bytes of their splits', () => {
    expect(strokeOf('slow', 'raw')).toEqual(losses.map((loss) => 0.5 * loss))
    expect(strokeOf('fast', 'raw')).toEqual(losses.map((loss) => 2 * loss))
    expect(strokeOf('slow', 'validation')).toEqual([1])
    expect(strokeOf('fast', 'validation')).toEqual([12])
    expect(drawn.axes.y.name).toBe('loss (bits per byte)')
    expect(drawn.axes.y.range.from).toBeLessThan(1)
    expect(drawn.axes.y.range.to).toBeGreaterThanOrEqual(12)
  })

  it('are read and saved in it, and all that is no loss stays as it is', () => {
    expect(readCurves(curves, 4)).toMatchObject([
      { value: 1.75, validation: 1 },
      { value: 7, validation: 12 },
    ])
    const [head, ...rows] = curvesCsv(curves.lines, unit).trim().split('\n')
    expect(head).toContain('loss (bits per byte)')
    expect(head).toContain('validation_loss (bits per byte)')
    expect(rows[7]).toBe('fast,fast,4,400,400000,0.2,7,2,0.001,2000,12')
    const norms = curvesOption({ ...curves, y: 'gradientNorm' }, lightTheme)!
    expect(norms.axes.y.name).toBe('gradient norm')
    expect(readCurves({ ...curves, y: 'gradientNorm' }, 4)[1].value).toBe(2)
  })

  it('follow the choice, though nothing else of them has changed', () => {
    const { lines } = curves
    const inNats = lines.map((one) => ({ ...one, factor: undefined }))
    const before = curvesView({ ...curves, unit: undefined, lines: inNats }, lightTheme, () => false)!
    expect([...before.runs[0].strokes[0].points].filter((_, i) => i % 2 === 1)).toEqual(losses)
    expect(before.axes.y.name).toBe('loss (nats/token)')
    expect(before.runs[0].key).not.toBe(drawn.runs[0].key)
  })
})

it('the law’s chart draws its curves by the runs’ factors, and its points as they are handed in', () => {
  const wanted: LawPlan = {
    ...{ law: null, unit, xScale: 'linear', yScale: 'linear', curves: 'training', showBand: true, zoom: null },
    members: [{ ...line('slow', slow), flops: 4e5, loss: 1, isExcluded: false, forecast: null }],
    pixels: 800,
    convention: '6 N D',
  }
  const last = (plan: LawPlan) => {
    const { points } = lawView(plan, lightTheme, () => false)!.runs[0].strokes[0]
    return points[points.length - 1]
  }
  expect(last({ ...wanted, curves: 'validation' })).toBe(1)
  const inNats = { ...wanted, members: wanted.members.map((one) => ({ ...one, factor: undefined })) }
  expect(last(wanted)).toBeCloseTo(0.5 * last(inNats), 12)
  expect(readLawCurves({ ...wanted, curves: 'validation' }, 4e5, 1).lines[0].loss).toBe(1)
  expect(lawOption(wanted, lightTheme)!.axes.y.name).toBe('loss (bits per byte)')
  expect(lawCsv(wanted.members, '6 N D', unit)).toMatch(/validation_loss \(bits per byte\).*forecast_loss \(bits per/)
})

it('parabolas, sweeps and transfers say their unit, and their optima stay where they were', () => {
  const grid = [1e6, 2e6, 4e6].map((parameters, i) => ({ budget: 1e14, parameters, loss: [3.2, 3, 3.1][i] }))
  const halved = grid.map((point) => ({ ...point, loss: point.loss / 2 }))
  const fit = fitIsoflops(grid)
  const parabolas = isoflopOption(halved, isoflopTimes(fit, 0.5), lightTheme, new Map(), unit)!
  expect(parabolas.axes.y.name).toBe('loss (bits per byte)')
  expect(parabolas.axes.y.range.to).toBeLessThan(1.7)
  expect(isoflopCsv(halved, unit)).toContain('validation_loss (bits per byte)')

  const tried = [
    { x: 0.01, loss: 3.2 },
    { x: 0.02, loss: 3 },
    { x: 0.04, loss: 3.1 },
  ]
  const swept = {
    ...{ id: 'a', name: 'a', parameters: 1e6, valley: valleyOf(tried), interval: null, isLinear: false },
    points: tried.map(({ x, loss }) => ({ x, loss, error: 0.01, losses: [{ seed: 0, loss }] })),
  }
  const sweep = sweepTimes(swept, 0.5)
  expect(sweep.valley).toEqual({
    ...valleyOf(tried.map(({ x, loss }) => ({ x, loss: loss / 2 }))),
    parabola: { ...swept.valley!.parabola, curvature: swept.valley!.parabola!.curvature / 2 },
  })
  expect(sweep.points[0]).toMatchObject({ loss: 1.6, error: 0.005, losses: [{ loss: 1.6 }] })
  const style = () => ({ colour: '#000000', symbol: 'circle' })
  expect(sweepOption([sweep], 'Rate', style, lightTheme, unit)!.axes.y.name).toBe('validation loss (bits per byte)')
  expect(sweepCsv([sweep], 'rate', unit)).toContain('validation_loss (bits per byte)')

  const points = [{ parametrisation: 'mup' as const, width: 64, learningRate: 0.01, loss: 1.5 }]
  const transfer = transferOption({ points, parametrisation: 'mup', unit }, lightTheme)!
  expect(transfer.axes.y.name).toBe('validation loss (bits per byte)')
  expect(transferCsv(points, unit)).toContain('validation_loss (bits per byte)')
})
