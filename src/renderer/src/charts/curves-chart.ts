// Training curves: records of several runs to one ECharts option. Thin is raw, thick is smoothed, symbols on a dashed
// line are validation.
import { decimate } from '../curves/decimate.ts'
import { reachOf, smooth } from '../curves/smooth.ts'
import { gridLines, type AxisPlan } from './axis.ts'
import {
  smoothable,
  xExtent,
  xNames,
  xOf,
  yNames,
  yOf,
  type CurveLine,
  type CurveX,
  type CurveY,
} from './curve-quantities.ts'
import { apart, drawing, outlined, still, type Axes, type Drawing } from './drawing.ts'
import { padded, position, type Range, type ScaleKind } from './scale.ts'
import type { ChartTheme } from './theme.ts'

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

/** Null while no line has a point. */
export function curvesOption(plan: CurvesPlan, theme: ChartTheme): Drawing | null {
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
  return drawing(
    axes,
    theme,
    [
      gridLines('y', axes.y, theme),
      ...drawn.flatMap((one) => seriesOf(one, isLabelled && endsInside(one, axes), theme)),
    ],
    isLabelled ? { right: nameRoom(plan.lines) } : {},
  )
}

/** Whether the line's last point is in view: a name without its line would point at nothing. */
function endsInside({ mean, raw, validation }: Drawn, { x, y }: Axes): boolean {
  const points = mean.length ? mean : raw.length ? raw : validation
  const last = points[points.length - 1]
  const holds = ({ range, kind }: AxisPlan, at: number) =>
    at <= position(range.to, kind) && at >= position(range.from, kind)
  return !!last && holds(y, last[1]) && (holds(x, last[0]) || last[0] > position(x.range.to, x.kind))
}

function seriesOf({ line, raw, mean, validation }: Drawn, isLabelled: boolean, theme: ChartTheme) {
  const base = { ...still, type: 'line' as const }
  const label = (isOn: boolean) => ({
    endLabel: { ...outlined(theme), show: isLabelled && isOn, formatter: line.name, distance: 6 },
    labelLayout: apart,
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
