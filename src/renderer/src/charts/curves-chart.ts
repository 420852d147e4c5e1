// Training curves: records of several runs to one ECharts option. Thin is raw, thick is smoothed, symbols on a dashed
// line are validation.
import { decimate } from '../curves/decimate.ts'
import { nearest, type Curve } from '../curves/curve.ts'
import { reachOf, smooth, speeds } from '../curves/smooth.ts'
import { axisOption, chartGrid, gridLines, type AxisPlan } from './axis.ts'
import { padded, position, union, type Range, type ScaleKind } from './scale.ts'
import type { ChartTheme } from './theme.ts'

export type CurveX = 'step' | 'tokens' | 'flops' | 'seconds'
export type CurveY = 'loss' | 'learningRate' | 'gradientNorm' | 'tokensPerSecond'

export interface CurveLine {
  id: string
  name: string
  colour: string
  symbol: string
  curve: Curve
  /** Training FLOPs a token, under the convention named on the axis. */
  flopsPerToken: number
}

export interface CurvesPlan {
  lines: CurveLine[]
  x: CurveX
  y: CurveY
  xScale: ScaleKind
  yScale: ScaleKind
  /** Share of a curve's own length over which it is averaged to each side; 0 shows only the raw line. */
  smoothing: number
  showTraining: boolean
  showValidation: boolean
  /** What a person zoomed to, in values of x and y. */
  zoom: { x: Range; y?: Range } | null
  /** Width of the plot in pixels. */
  pixels: number
  /** How FLOPs are counted, for the axis. */
  convention: string
}

const endLabelsUpTo = 8

export const xNames: Record<CurveX, string> = {
  step: 'steps',
  tokens: 'tokens',
  flops: 'training compute, FLOPs',
  seconds: 'training time, seconds',
}
export const yNames: Record<CurveY, string> = {
  loss: 'loss, nats a token',
  learningRate: 'learning rate',
  gradientNorm: 'gradient norm',
  tokensPerSecond: 'tokens a second',
}

interface Axis {
  values: ArrayLike<number>
  of: (record: { step: number; tokens: number; elapsedMs: number }) => number
}

const scaled = new WeakMap<Curve, Map<string, { length: number; generation: number; values: Float64Array }>>()

/** A column times a factor, carried on as the curve grows. */
function times(curve: Curve, column: 'tokens' | 'elapsedMs', factor: number): Float64Array {
  let all = scaled.get(curve)
  if (!all) scaled.set(curve, (all = new Map()))
  let known = all.get(column + factor)
  if (!known || known.generation !== curve.generation || known.values.length < curve.length) {
    const values = new Float64Array(curve.columns.step.length)
    if (known && known.generation === curve.generation) values.set(known.values.subarray(0, known.length))
    known = {
      length: known && known.generation === curve.generation ? known.length : 0,
      generation: curve.generation,
      values,
    }
    all.set(column + factor, known)
  }
  for (let i = known.length; i < curve.length; i++) known.values[i] = curve.columns[column][i] * factor
  known.length = curve.length
  return known.values
}

export function xOf(line: CurveLine, x: CurveX): Axis {
  const { columns } = line.curve
  if (x === 'step') return { values: columns.step, of: (record) => record.step }
  if (x === 'tokens') return { values: columns.tokens, of: (record) => record.tokens }
  if (x === 'flops')
    return {
      values: times(line.curve, 'tokens', line.flopsPerToken),
      of: (record) => record.tokens * line.flopsPerToken,
    }
  return { values: times(line.curve, 'elapsedMs', 1e-3), of: (record) => record.elapsedMs / 1000 }
}

export function yOf(line: CurveLine, y: CurveY): ArrayLike<number> {
  return y === 'tokensPerSecond' ? speeds(line.curve) : line.curve.columns[y]
}

const smoothable = (y: CurveY): boolean => y !== 'learningRate'

interface Drawn {
  line: CurveLine
  raw: number[][]
  mean: number[][]
  validation: number[][]
}

/** Points of one line inside the zoom, decimated to the plot's width, as positions on the axes. */
function drawLine(line: CurveLine, plan: CurvesPlan, xRange: Range): Drawn {
  const { x, y, xScale, yScale, smoothing } = plan
  const { values, of } = xOf(line, x)
  const { length } = line.curve
  const buckets = Math.max(50, Math.min(2000, Math.round(plan.pixels)))
  const spot = (px: number, py: number) => [
    position(px, xScale),
    yScale === 'log' && py <= 0 ? NaN : position(py, yScale),
  ]
  const pick = (ys: ArrayLike<number>) =>
    decimate(values, ys, length, { ...xRange, buckets, isLog: xScale === 'log' })
      .filter((i) => xScale === 'linear' || values[i] > 0)
      .map((i) => spot(values[i], ys[i]))
  const ys = yOf(line, y)
  const isSmooth = smoothable(y) && smoothing > 0
  return {
    line,
    raw: plan.showTraining || y !== 'loss' ? pick(ys) : [],
    mean:
      isSmooth && (plan.showTraining || y !== 'loss')
        ? pick(smooth(line.curve, y, ys, reachOf(length, smoothing)))
        : [],
    validation:
      plan.showValidation && y === 'loss'
        ? line.curve.validations
            .filter((record) => xScale === 'linear' || of(record) > 0)
            .map((record) => spot(of(record), record.loss))
        : [],
  }
}

/** The whole extent of x over all lines: what a chart without zoom shows. */
export function xExtent(plan: Pick<CurvesPlan, 'lines' | 'x' | 'xScale'>): Range | null {
  return union(
    ...plan.lines.map((line) => {
      const { values, of } = xOf(line, plan.x)
      const { length, validations } = line.curve
      const lastValidation = validations.length ? of(validations[validations.length - 1]) : 0
      if (!length && !validations.length) return null
      const first = length ? values[0] : of(validations[0])
      const to = Math.max(length ? values[length - 1] : 0, lastValidation)
      return plan.xScale === 'log' ? (to > 0 ? { from: first > 0 ? first : to / 1e4, to } : null) : { from: 0, to }
    }),
  )
}

function yExtent(drawn: Drawn[], yScale: ScaleKind, y: CurveY, within: Range): Range | null {
  let low = Infinity
  let high = -Infinity
  for (const { raw, mean, validation } of drawn) {
    for (const points of [raw, mean, validation]) {
      for (const [px, py] of points) {
        if (px < within.from || px > within.to || py - py !== 0) continue
        if (py < low) low = py
        if (py > high) high = py
      }
    }
  }
  if (low > high) return null
  const from = yScale === 'log' ? 10 ** low : low
  const to = yScale === 'log' ? 10 ** high : high
  return yScale === 'linear' && y !== 'loss' ? { from: Math.min(0, from), to } : { from, to }
}

/** Pixels beside the plot for the names at the lines' ends: a letter of 11 px takes about six. */
const nameRoom = (lines: readonly CurveLine[]): number =>
  Math.min(120, Math.max(64, ...lines.map(({ name }) => 14 + 6 * name.length)))

export interface CurvesDrawing {
  option: object
  axes: { x: AxisPlan; y: AxisPlan }
}

/** Null while no line has a point. */
export function curvesOption(plan: CurvesPlan, theme: ChartTheme): CurvesDrawing | null {
  const whole = xExtent(plan)
  if (!whole) return null
  const xRange =
    plan.zoom?.x ?? (plan.xScale === 'log' ? padded(whole, 'log', 0.01) : { from: whole.from, to: whole.to || 1 })
  const drawn = plan.lines.map((line) => drawLine(line, plan, xRange))
  const positions = { from: position(xRange.from, plan.xScale), to: position(xRange.to, plan.xScale) }
  const yRange =
    plan.zoom?.y ?? padded(yExtent(drawn, plan.yScale, plan.y, positions) ?? { from: 1, to: 10 }, plan.yScale)
  const xName = plan.x === 'flops' ? `${xNames.flops} (${plan.convention})` : xNames[plan.x]
  const axes = {
    x: { name: xName, kind: plan.xScale, range: xRange },
    y: { name: yNames[plan.y], kind: plan.yScale, range: yRange },
  }
  const isLabelled = plan.lines.length > 1 && plan.lines.length <= endLabelsUpTo
  return {
    axes,
    option: {
      animation: false,
      backgroundColor: 'transparent',
      textStyle: { fontFamily: theme.font },
      grid: { ...chartGrid, right: isLabelled ? nameRoom(plan.lines) : chartGrid.right },
      xAxis: axisOption('x', axes.x, theme),
      yAxis: axisOption('y', axes.y, theme),
      series: [
        gridLines('y', axes.y, theme),
        ...drawn.flatMap((one) => seriesOf(one, isLabelled && endsInside(one, axes), theme)),
      ],
    },
  }
}

/** Whether the line's last point is in view: a name without its line would point at nothing. */
function endsInside({ mean, raw, validation }: Drawn, { x, y }: CurvesDrawing['axes']): boolean {
  const points = mean.length ? mean : raw.length ? raw : validation
  const last = points[points.length - 1]
  const holds = ({ range, kind }: AxisPlan, at: number) =>
    at <= position(range.to, kind) && at >= position(range.from, kind)
  return !!last && holds(y, last[1]) && (holds(x, last[0]) || last[0] > position(x.range.to, x.kind))
}

function seriesOf({ line, raw, mean, validation }: Drawn, isLabelled: boolean, theme: ChartTheme) {
  const base = { type: 'line' as const, animation: false, silent: true, clip: true, emphasis: { disabled: true } }
  const halo = { textBorderColor: theme.surface, textBorderWidth: 3 }
  const label = (isOn: boolean) => ({
    endLabel: {
      show: isLabelled && isOn,
      ...halo,
      formatter: line.name,
      color: theme.text,
      fontSize: 11,
      fontFamily: theme.font,
      distance: 6,
    },
    labelLayout: { moveOverlap: 'shiftY' as const },
  })
  const top = mean.length ? 'mean' : raw.length ? 'raw' : 'validation'
  const thin = mean.length > 0
  return [
    {
      ...base,
      id: `${line.id} raw`,
      name: line.name,
      data: raw,
      symbol: 'none',
      z: 2,
      lineStyle: { color: line.colour, width: thin ? 1 : 1.5, opacity: thin ? 0.32 : 1, join: 'round' as const },
      ...label(top === 'raw'),
    },
    {
      ...base,
      id: `${line.id} mean`,
      name: line.name,
      data: mean,
      symbol: 'none',
      z: 3,
      lineStyle: { color: line.colour, width: 2, join: 'round' as const },
      ...label(top === 'mean'),
    },
    {
      ...base,
      id: `${line.id} validation`,
      name: `${line.name} validation`,
      data: validation,
      z: 4,
      symbol: line.symbol,
      symbolSize: 7,
      showAllSymbol: true,
      showSymbol: validation.length <= 200,
      itemStyle: { color: theme.surface, borderColor: line.colour, borderWidth: 1.5 },
      lineStyle: { color: line.colour, width: 1, type: 'dashed' as const },
      ...label(top === 'validation'),
    },
  ]
}

export interface Reading {
  id: string
  name: string
  colour: string
  /** Exact values at the nearest recorded step. */
  step: number
  x: number
  value: number
  smoothed: number | null
  validation: number | null
}

/** Every line at the recorded step nearest to `at` (a value of x), exactly as recorded, whatever was decimated. */
export function readCurves(plan: CurvesPlan, at: number): Reading[] {
  return plan.lines.flatMap((line) => {
    const { values, of } = xOf(line, plan.x)
    const { curve } = line
    const i = nearest(values, curve.length, at)
    if (i < 0) return []
    const span = values[curve.length - 1]
    // this line has ended before the pointer
    if (at > span * 1.02 && at - span > (values[1] ?? span) - values[0]) return []
    const ys = yOf(line, plan.y)
    const isSmooth = smoothable(plan.y) && plan.smoothing > 0
    let validation: number | null = null
    if (plan.y === 'loss' && curve.validations.length) {
      let best = curve.validations[0]
      for (const one of curve.validations) if (Math.abs(of(one) - at) < Math.abs(of(best) - at)) best = one
      validation = best.loss
    }
    return [
      {
        id: line.id,
        name: line.name,
        colour: line.colour,
        step: curve.columns.step[i],
        x: values[i],
        value: ys[i],
        smoothed: isSmooth ? smooth(curve, plan.y, ys, reachOf(curve.length, plan.smoothing))[i] : null,
        validation,
      },
    ]
  })
}

/** Everything recorded, one row a step and run. */
export function curvesCsv(lines: CurveLine[]): string {
  const rows = [
    'run,member,step,tokens,flops,seconds,loss,gradient_norm,learning_rate,tokens_per_second,validation_loss',
  ]
  for (const { id, name, curve, flopsPerToken } of lines) {
    const { step, tokens, loss, gradientNorm, learningRate, elapsedMs } = curve.columns
    const speed = speeds(curve)
    const validations = new Map(curve.validations.map((record) => [record.step, record.loss]))
    for (const record of curve.validations)
      if (!curve.length || record.step < step[0])
        rows.push(
          [
            id,
            quoted(name),
            record.step,
            record.tokens,
            record.tokens * flopsPerToken,
            record.elapsedMs / 1000,
            '',
            '',
            '',
            '',
            record.loss,
          ].join(','),
        )
    for (let i = 0; i < curve.length; i++) {
      rows.push(
        [
          id,
          quoted(name),
          step[i],
          tokens[i],
          tokens[i] * flopsPerToken,
          elapsedMs[i] / 1000,
          loss[i],
          gradientNorm[i],
          learningRate[i],
          Number.isFinite(speed[i]) ? speed[i] : '',
          validations.get(step[i]) ?? '',
        ].join(','),
      )
    }
  }
  return rows.join('\n') + '\n'
}

/** A field that a spreadsheet neither splits nor takes for a formula. */
export const quoted = (text: string): string =>
  `"${(/^[=+\-@\t\r]/.test(text) ? `'${text}` : text).replace(/"/g, '""')}"`
