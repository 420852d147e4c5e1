// Training curves of several runs. Thin is raw, thick is smoothed, symbols on a dashed line are validation. In the
// window ECharts draws the axes and the names, and CurveLayers the lines; a saved picture is one ECharts option.
import { shortened } from '#shared/bounds.ts'
import { rounded } from '#shared/numbers.ts'
import { gridLines, type AxisPlan } from './axis.ts'
import { pointsOf, type CurvePoints } from './curve-points.ts'
import { lastStep, nearest } from '../curves/curve.ts'
import { xExtent, xNames, xOf, yName, type CurveLine, type CurveY } from './curve-quantities.ts'
import type { CurvesPlan } from './curves-plan.ts'
import { drawing, type Axes, type Drawing } from './drawing.ts'
import { roomBeside } from './label-layout.ts'
import { isLimited, limited, noLimit, padded, position, valueAt, type Range, type ScaleKind } from './scale.ts'
import { mainCurves, nameAtEnd, strokeSeries, type RunStrokes, type Stroke } from './stroke-series.ts'
import type { ChartTheme } from './theme.ts'

const endLabelsUpTo = 8
/** With more lines, axes grow in steps: all that stands still would be drawn anew for every step of one that grows. */
const steadyFrom = 12

interface Drawn {
  line: CurveLine
  points: CurvePoints
}

interface Planned {
  drawn: Drawn[]
  axes: Axes
  /** Outliers that the axis leaves out. */
  outside: number
  /** Steps that one point stands for, at most. */
  widest: number
}

/** Labels that have room beside one another: of more, some would be left out, and the others look uneven. */
const labelsAcross = (pixels: number): number => Math.max(2, Math.min(8, Math.floor(pixels / 80)))

/** What the chart shows, before it is said how: null while no line has a point. */
function planned(plan: CurvesPlan): Planned | null {
  const whole = xExtent(plan)
  if (!whole) return null
  const to = plan.lines.length >= steadyFrom && !plan.zoom ? steppedUp(whole.to) : whole.to
  const all = plan.xScale === 'log' ? padded({ ...whole, to }, 'log', 0.01) : { from: whole.from, to: to || 1 }
  const recent = { from: lastFrom(plan), to: plan.lastSteps ? whole.to : null }
  const xRange = plan.zoom?.x ?? limited(limited(all, recent, plan.xScale), plan.xLimit ?? noLimit, plan.xScale)
  const drawn = plan.lines.map((line) => ({ line, points: pointsOf(line, plan, xRange) }))
  const y = yExtent(drawn, plan.yScale, plan.y)
  const { zoom, yLimit = noLimit } = plan
  const yRange = zoom?.y ?? limited(padded(y ?? { from: 1, to: 10 }, plan.yScale), yLimit, plan.yScale)
  const hasSpikes = !zoom && !isLimited(yLimit) && y !== null && y.highest > y.to
  const name = yName(plan.y, plan.unit)
  const xName = plan.x === 'flops' ? `${xNames.flops} (${plan.convention})` : xNames[plan.x]
  const axes = {
    x: { name: xName, kind: plan.xScale, range: xRange, wanted: labelsAcross(plan.pixels) },
    y: { name: hasSpikes ? `${name}, spikes to ${rounded(y.highest)}` : name, kind: plan.yScale, range: yRange },
  }
  const ends = [position(yRange.from, plan.yScale), position(yRange.to, plan.yScale)]
  const isOutside = (y: number) => y < ends[0] || y > ends[1]
  return {
    drawn,
    axes,
    outside: drawn.reduce((sum, { points }) => sum + points.outliers.filter(isOutside).length, 0),
    widest: Math.max(1, ...drawn.map(({ points }) => points.widest)),
  }
}

/** Where the last steps of the longest run begin; null where all are shown. */
function lastFrom(plan: CurvesPlan): number | null {
  if (!plan.lastSteps) return null
  const longest = plan.lines.reduce<CurveLine | null>(
    (best, line) => (!best || lastStep(line.curve) > lastStep(best.curve) ? line : best),
    null,
  )
  if (!longest || lastStep(longest.curve) <= plan.lastSteps) return null
  const { columns, length } = longest.curve
  const i = nearest(columns.step, length, lastStep(longest.curve) - plan.lastSteps)
  return i < 0 ? null : xOf(longest, plan.x).values[i]
}

/** The next of ten steps a decade. */
const steppedUp = (value: number): number => (value > 0 ? 10 ** (Math.ceil(Math.log10(value) * 10) / 10) : value)

/** Reaches as high as all but a few points do, where these few would leave the others less than half of the plot. */
function yExtent(drawn: Drawn[], yScale: ScaleKind, y: CurveY): (Range & { highest: number }) | null {
  const low = Math.min(...drawn.map(({ points }) => points.low))
  const high = Math.max(...drawn.map(({ points }) => points.high))
  const bulk = Math.max(...drawn.map(({ points }) => points.bulk))
  if (low > high) return null
  const top = bulk > low && high - bulk > bulk - low ? bulk + (bulk - low) / 4 : high
  const [from, to, highest] = [low, top, high].map((at) => valueAt(at, yScale))
  return { from: yScale === 'linear' && y !== 'loss' ? Math.min(0, from) : from, to, highest }
}

/** Letters of a name at a line's end; the legend has all of them. */
const mostLetters = 18

/** Pixels beside the plot for the names at the lines' ends. */
const nameRoom = (lines: readonly CurveLine[]): number =>
  Math.max(64, roomBeside(lines.map(({ name }) => shortened(name, mostLetters))))

const areLabelled = (lines: readonly CurveLine[]): boolean => lines.length > 1 && lines.length <= endLabelsUpTo

/** The axes with the names at the ends of the lines, and under them what else is drawn. */
function framed({ drawn, axes }: { drawn: Drawn[]; axes: Axes }, series: object[], theme: ChartTheme): Drawing {
  const lines = drawn.map(({ line }) => line)
  const isLabelled = areLabelled(lines)
  const names = drawn
    .filter(({ points }) => isLabelled && endsInside(points, axes))
    .map(({ line, points }) =>
      nameAtEnd({ ...line, name: shortened(line.name, mostLetters), at: lastOf(points)! }, theme),
    )
  const right = isLabelled ? { right: nameRoom(lines) } : {}
  return drawing(axes, theme, [gridLines('y', axes.y, theme), ...series, ...names], right)
}

type CurvesDrawing = Drawing & Pick<Planned, 'outside' | 'widest'>

/** Everything in one option, for a picture to be saved. Null while no line has a point. */
export function curvesOption(plan: CurvesPlan, theme: ChartTheme): CurvesDrawing | null {
  const all = planned(plan)
  if (!all) return null
  const series = all.drawn.flatMap(({ line, points }) =>
    strokesOf(line, points).map((stroke) => strokeSeries(line, stroke, theme)),
  )
  return { ...framed(all, series, theme), outside: all.outside, widest: all.widest }
}

/** What a reader must know of points that stand for several steps; empty where each is one. */
export const thinnedNote = (widest: number): string =>
  widest > 1 ? `each point is up to ${widest} steps, lowest to highest; zoom in for single ones` : ''

export interface CurvesView extends CurvesDrawing {
  runs: RunStrokes[]
}

/** Axes and names for ECharts, and the lines for the canvas. Null while no line has a point. */
export function curvesView(plan: CurvesPlan, theme: ChartTheme, isLive: (id: string) => boolean): CurvesView | null {
  const all = planned(plan)
  if (!all) return null
  const runs = all.drawn.map(({ line, points }) => ({
    id: line.id,
    key: `${line.id} ${line.colour} ${line.symbol} ${points.key}`,
    isLive: isLive(line.id),
    strokes: strokesOf(line, points),
  }))
  const { option, axes } = framed(all, [], theme)
  return { option: { ...option, curves: mainCurves(runs) }, axes, runs, outside: all.outside, widest: all.widest }
}

/** Points at which symbols still can be told apart. */
const mostSymbols = 200

function strokesOf(line: CurveLine, { raw, mean, validation }: CurvePoints): Stroke[] {
  const base = { colour: line.colour, opacity: 1, isDashed: false, symbol: null }
  const isThin = mean.length > 0
  return [
    { ...base, part: 'raw' as const, points: raw, width: isThin ? 1 : 1.5, opacity: isThin ? 0.32 : 1 },
    { ...base, part: 'mean' as const, points: mean, width: 2 },
    {
      ...base,
      part: 'validation' as const,
      points: validation,
      width: 1,
      isDashed: true,
      symbol: validation.length <= 2 * mostSymbols ? line.symbol : null,
    },
  ].filter(({ points }) => points.length > 0)
}

/** Position of a line's last point: of the smoothed one, else the raw, else of validation. */
function lastOf({ mean, raw, validation }: CurvePoints): [number, number] | null {
  const points = mean.length ? mean : raw.length ? raw : validation
  return points.length ? [points[points.length - 2], points[points.length - 1]] : null
}

/** Whether the line's last point is in view: a name without its line would point at nothing. */
function endsInside(points: CurvePoints, { x, y }: Axes): boolean {
  const last = lastOf(points)
  const holds = ({ range, kind }: AxisPlan, at: number) =>
    at <= position(range.to, kind) && at >= position(range.from, kind)
  return !!last && holds(y, last[1]) && (holds(x, last[0]) || last[0] > position(x.range.to, x.kind))
}
