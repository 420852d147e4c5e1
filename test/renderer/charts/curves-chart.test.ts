// Records of several runs as one chart option.
import { describe, expect, it } from 'vitest'
import { type CurveLine } from '#renderer/charts/curve-quantities.ts'
import { curvesOption, curvesView } from '#renderer/charts/curves-chart.ts'
import type { CurvesPlan } from '#renderer/charts/curves-plan.ts'
import { curvesCsv, readCurves } from '#renderer/charts/curves-reading.ts'
import { drawStroke } from '#renderer/charts/strokes.ts'
import { lightTheme } from '#renderer/charts/theme.ts'
import { appendSteps, createCurve } from '#renderer/curves/curve.ts'

interface Drawn {
  id: string
  data: number[][]
  lineStyle?: { width: number }
}
const seriesOf = (drawing: { option: object } | null) => (drawing!.option as { series: Drawn[] }).series
const series = (drawing: { option: object } | null, id: string) => seriesOf(drawing).find((one) => one.id === id)!

const line = (id: string, losses: number[], name = id): CurveLine => {
  const curve = createCurve()
  appendSteps(
    curve,
    losses.map((loss, i) => ({
      step: i + 1,
      tokens: (i + 1) * 100,
      loss,
      gradientNorm: 2,
      learningRate: 1e-3,
      elapsedMs: (i + 1) * 50,
    })),
  )
  curve.validations = [
    {
      step: losses.length,
      tokens: losses.length * 100,
      loss: losses[losses.length - 1] + 0.1,
      elapsedMs: losses.length * 50,
    },
  ]
  return { id, name, colour: '#cc4678', symbol: 'circle', curve, flopsPerToken: 1000 }
}
const plan = (changes: Partial<CurvesPlan> = {}): CurvesPlan => ({
  lines: [line('a', [6, 5, 4, 3])],
  x: 'step',
  y: 'loss',
  xScale: 'linear',
  yScale: 'linear',
  smoothing: 0.3,
  showTraining: true,
  showValidation: true,
  zoom: null,
  pixels: 600,
  convention: '6 N D',
  ...changes,
})

describe('training curves', () => {
  it('cut a long name at a line’s end to the room it has', () => {
    const long = { ...line('b', [6, 5, 4]), name: '16.8k · batch 512, 1,315 steps' }
    const { option } = curvesOption(plan({ lines: [line('a', [6, 5, 4, 3]), long] }), lightTheme)!
    const named = (option.series as { id?: string; name?: string }[]).find(({ id }) => id === 'b name')!.name!
    expect(named).toMatch(/^16\.8k.*….*eps$/)
    expect(14 + 6 * named.length).toBeLessThanOrEqual(option.grid.right)
  })
  it('draw raw thin, smoothed thick and validation as symbols, each under an id that stays', () => {
    const drawing = curvesOption(plan(), lightTheme)
    expect(series(drawing, 'a raw').data).toEqual([
      [1, 6],
      [2, 5],
      [3, 4],
      [4, 3],
    ])
    expect(series(drawing, 'a raw').lineStyle!.width).toBeLessThan(series(drawing, 'a mean').lineStyle!.width)
    expect(series(drawing, 'a validation').data).toEqual([[4, 3.1]])
    expect(new Set(seriesOf(drawing).map((one) => one.id)).size).toBe(seriesOf(drawing).length)
  })

  it.each([
    ['tokens', 100],
    ['flops', 100_000],
    ['seconds', 0.05],
  ] as const)('stand against %s', (x, first) => {
    expect(series(curvesOption(plan({ x }), lightTheme), 'a raw').data[0]).toEqual([first, 6])
  })

  it('are not flattened by a spike, whose height the axis says; zoom shows it', () => {
    const losses = Array.from({ length: 686 }, (_, i) => 4 + 6 * Math.exp(-i / 60))
    const spiked = plan({
      lines: [
        line(
          'a',
          losses.map((loss, i) => (i === 400 ? 60 : loss)),
        ),
      ],
      smoothing: 0,
    })
    const { y } = curvesOption(spiked, lightTheme)!.axes
    expect(y.range.to).toBeGreaterThan(10)
    expect(y.range.to).toBeLessThan(13)
    expect(y.name).toBe('loss (nats/token), spikes to 60')
    const calm = curvesOption({ ...spiked, lines: [line('a', losses)] }, lightTheme)!.axes.y
    expect([calm.name, calm.range.to > 10]).toEqual(['loss (nats/token)', true])
    const zoom = { x: { from: 1, to: 686 }, y: { from: 3, to: 70 } }
    expect(curvesOption({ ...spiked, zoom }, lightTheme)!.axes.y).toMatchObject({ range: zoom.y, name: calm.name })
  })

  it('name the axis, its unit and how FLOPs are counted', () => {
    expect(curvesOption(plan({ x: 'flops' }), lightTheme)!.axes.x.name).toBe('training compute, FLOPs (6 N D)')
  })

  it('stand on powers of ten when an axis is logarithmic', () => {
    expect(series(curvesOption(plan({ xScale: 'log', yScale: 'log' }), lightTheme), 'a raw').data[3]).toEqual([
      Math.log10(4),
      Math.log10(3),
    ])
  })

  it('keep a spike that lies between the pixels', () => {
    const losses = Array.from({ length: 50_000 }, (_, i) => (i === 31_337 ? 99 : 3))
    const { data } = series(
      curvesOption(plan({ lines: [line('a', losses)], smoothing: 0, pixels: 300 }), lightTheme),
      'a raw',
    )
    expect(data.length).toBeLessThanOrEqual(1500)
    expect(data).toContainEqual([31_338, 99])
  })

  it('show every recorded step when zoomed in', () => {
    const losses = Array.from({ length: 50_000 }, (_, i) => 3 + (i % 7))
    const { data } = series(
      curvesOption(
        plan({ lines: [line('a', losses)], smoothing: 0, pixels: 300, zoom: { x: { from: 1000, to: 1100 } } }),
        lightTheme,
      ),
      'a raw',
    )
    expect(data.map((point) => point[0])).toEqual(Array.from({ length: 103 }, (_, i) => 999 + i))
  })

  it('have nothing to draw before the first record', () => {
    expect(
      curvesOption(plan({ lines: [line('a', [])].map((one) => ({ ...one, curve: createCurve() })) }), lightTheme),
    ).toBeNull()
    expect(curvesOption(plan({ lines: [] }), lightTheme)).toBeNull()
  })

  it('are read exactly at the nearest step, whatever was drawn', () => {
    const lines = [line('a', [6, 5, 4.123456789, 3]), line('b', [7, 6])]
    const readings = readCurves(plan({ lines }), 3.2)
    expect(readings[0]).toMatchObject({ id: 'a', step: 3, value: 4.123456789, validation: 3.1 })
    expect(readings.map((one) => one.id)).toEqual(['a']) // b has ended before
  })

  it('keep an outlier in the picture, and off the axis where it is ignored, and say how many are outside', () => {
    const losses = Array.from(
      { length: 400 },
      (_, i) => 3 + 3 / (i + 1) + 0.05 * Math.sin(7 * i) + (i === 200 ? 90 : 0),
    )
    const all = plan({ lines: [line('a', losses)], smoothing: 0.008 })
    const whole = curvesView(all, lightTheme, () => false)!
    const ignoring = curvesView({ ...all, ignoreOutliers: true }, lightTheme, () => false)!
    expect(whole.axes.y.name).toContain('spikes to 9')
    expect(whole.outside).toBe(0)
    expect(ignoring.axes.y.range.to).toBeLessThan(60)
    expect(ignoring.axes.y.range.to).toBeGreaterThan(5.9) // the fall at the start is no outlier
    expect(ignoring.outside).toBe(1)
    expect(series(curvesOption({ ...all, ignoreOutliers: true }, lightTheme), 'a raw').data).toContainEqual([
      201,
      losses[200],
    ])
  })

  it('begin and end where a person said, or at the last steps', () => {
    const lines = [
      line(
        'a',
        Array.from({ length: 400 }, (_, i) => 9 - i / 100),
      ),
      line('b', [6, 5]),
    ]
    const axesOf = (changes: Partial<CurvesPlan>) => curvesOption(plan({ lines, ...changes }), lightTheme)!.axes
    expect(axesOf({ xLimit: { from: 10, to: 20 }, yLimit: { from: 1, to: null } })).toMatchObject({
      x: { range: { from: 10, to: 20 } },
      y: { range: { from: 1 } },
    })
    expect(axesOf({ lastSteps: 50 }).x.range).toEqual({ from: 350, to: 400 })
    expect(axesOf({ lastSteps: 50, x: 'tokens' }).x.range).toEqual({ from: 35_000, to: 40_000 })
    expect(axesOf({ lastSteps: 5000 }).x.range).toEqual(axesOf({}).x.range)
    expect(axesOf({ xLimit: { from: 30, to: 20 } }).x.range).toEqual(axesOf({}).x.range)
  })

  it('are saved with every digit, and nothing a spreadsheet would run', () => {
    const rows = curvesCsv([line('a', [6, 5.125], '=1+1')], 'nats-per-token')
      .trim()
      .split('\n')
    expect(rows).toHaveLength(3)
    expect(rows[2]).toBe("a,'=1+1,2,200,200000,0.1,5.125,2,0.001,2000,5.225")
  })
})

describe('curves on the canvas', () => {
  const many = (count: number, length = 4) =>
    Array.from({ length: count }, (_, i) =>
      line(
        `r${i}`,
        Array.from({ length }, (_, at) => 6 - at / length),
      ),
    )
  const never = () => false

  it('are the lines of the saved picture: the same points, widths and order', () => {
    const { option } = curvesOption(plan(), lightTheme)!
    const drawn = (option.series as unknown as Drawn[]).filter(({ id }) => id?.startsWith('a '))
    const [{ strokes }] = curvesView(plan(), lightTheme, never)!.runs
    expect(strokes.map(({ points, width }) => [[...points], width])).toEqual(
      drawn.map(({ data, lineStyle }) => [data.flat(), lineStyle!.width]),
    )
    expect(strokes.map(({ symbol }) => symbol)).toEqual([null, null, 'circle'])
  })

  it('a measured loss is a solid symbol, on the canvas and in the picture', () => {
    const { option } = curvesOption(plan(), lightTheme)!
    const saved = (option.series as unknown as { id: string; itemStyle: { color: string } }[]).find(
      ({ id }) => id === 'a validation',
    )!
    const [{ strokes }] = curvesView(plan(), lightTheme, never)!.runs
    const validation = strokes.find(({ symbol }) => symbol)!
    const filled: string[] = []
    const pen = new Proxy({} as Record<string, unknown>, {
      get: (kept, name) =>
        name === 'fill' ? () => filled.push(String(kept['fillStyle'])) : (kept[name as string] ?? (() => {})),
    })
    drawStroke(pen as never, validation, {
      x: { from: 0, to: 1 },
      y: { from: 0, to: 1 },
      plot: { left: 0, top: 0, width: 100, height: 100 },
      surface: lightTheme.surface,
    })
    expect(new Set(filled)).toEqual(new Set([validation.colour]))
    expect(saved.itemStyle.color).toBe(validation.colour)
  })

  it('ECharts is left the axes and the names, each in its line’s colour, and names only up to eight', () => {
    const named = (count: number) =>
      (curvesView(plan({ lines: many(count) }), lightTheme, never)!.option.series as { endLabel?: { color: string } }[])
        .filter(({ endLabel }) => endLabel)
        .map(({ endLabel }) => endLabel!.color)
    expect(named(3)).toEqual(['#cc4678', '#cc4678', '#cc4678'])
    expect(named(9)).toEqual([])
  })

  it('a run that has ended keeps its key while another grows, so that it is not drawn again', () => {
    const lines = many(20, 90)
    const keys = () => curvesView(plan({ lines }), lightTheme, (id) => id === 'r0')!.runs.map(({ key }) => key)
    const before = keys()
    const { curve } = lines[0]
    const at = (step: number) => ({
      step,
      tokens: step * 100,
      loss: 5.5,
      gradientNorm: 2,
      learningRate: 1e-3,
      elapsedMs: step * 50,
    })
    appendSteps(curve, [at(91), at(92)])
    const after = keys()
    expect(after[0]).not.toBe(before[0])
    expect(after.slice(1)).toEqual(before.slice(1))
    appendSteps(curve, [at(200)]) // beyond what the axis holds: all is drawn anew
    expect(keys()[1]).not.toBe(before[1])
  })

  it('say which runs go on', () => {
    const { runs } = curvesView(plan({ lines: many(3) }), lightTheme, (id) => id === 'r1')!
    expect(runs.map(({ isLive }) => isLive)).toEqual([false, true, false])
  })
})
