// The scaling law: training curves and final points against compute, the fitted line with its band, forecasts hollow
// until they are measured.
import type { CustomSeriesRenderItemAPI, CustomSeriesRenderItemParams } from 'echarts'
import { evaluateCurve } from '#shared/scaling/curve.ts'
import type { Forecast, Law } from '#shared/scaling/law.ts'
import { decimate } from '../curves/decimate.ts'
import type { Curve } from '../curves/curve.ts'
import { reachOf, smooth } from '../curves/smooth.ts'
import { overlayRanges, overlaySeries, type Overlay } from './overlays.ts'
import { axisOption, chartGrid, gridLines, type AxisPlan } from './axis.ts'
import { extent, padded, position, union, type Range, type ScaleKind } from './scale.ts'
import type { ChartTheme } from './theme.ts'

export interface LawMember {
  id: string
  name: string
  colour: string
  symbol: string
  /** Training FLOPs a token and of the whole plan. */
  flopsPerToken: number
  flops: number
  curve: Curve | null
  /** Final validation loss, null until finished. */
  loss: number | null
  /** Losses of repeats with other seeds, and their standard deviation; one or none, and null, without. */
  losses?: readonly number[]
  spread?: number | null
  /** A point a person took out of the fit; it stays on the chart, hollow. */
  isExcluded: boolean
  forecast: Forecast | null
}

export interface LawPlan {
  members: LawMember[]
  law: Law | null
  xScale: ScaleKind
  yScale: ScaleKind
  showCurves: boolean
  showBand: boolean
  zoom: { x: Range; y?: Range } | null
  pixels: number
  convention: string
  /** The lowest of all training curves at each compute; none where it is not wanted. */
  envelope?: readonly { flops: number; loss: number }[]
  /** Published laws and models to be laid over. */
  overlays?: readonly Overlay[]
}

export interface LawDrawing {
  option: object
  axes: { x: AxisPlan; y: AxisPlan }
}

/**
 * Smoothed training loss against compute; the first steps, where every model only learns that letters exist, are kept
 * too.
 */
function curvePoints(member: LawMember, plan: LawPlan, within: Range | null): [number, number][] {
  const { curve } = member
  if (!curve || !curve.length) return []
  const { tokens, loss } = curve.columns
  const mean = smooth(curve, 'loss', loss, reachOf(curve.length, 0.015))
  const per = member.flopsPerToken
  const last = tokens[curve.length - 1]
  const range = within ? { from: within.from / per, to: within.to / per } : { from: tokens[0], to: last }
  return decimate(tokens, mean, curve.length, {
    ...range,
    buckets: Math.max(50, Math.min(1200, plan.pixels)),
    isLog: plan.xScale === 'log',
  }).map((i) => [tokens[i] * per, mean[i]])
}

/** Null while there is neither a curve nor a point. */
export function lawOption(plan: LawPlan, theme: ChartTheme): LawDrawing | null {
  const { members, law, xScale, yScale } = plan
  const curves = new Map(
    members.map((member) => [member.id, plan.showCurves ? curvePoints(member, plan, plan.zoom?.x ?? null) : []]),
  )
  const allCurves = [...curves.values()].flat()
  const measured = members.filter((member) => member.loss !== null)
  if (!allCurves.length && !measured.length) return null

  const band = law?.band ?? []
  const xs = union(
    extent(
      allCurves.map((point) => point[0]),
      xScale,
    ),
    extent(
      measured.map((member) => member.flops),
      xScale,
    ),
    extent(
      members.filter((member) => member.forecast).map((member) => member.flops),
      xScale,
    ),
  )!
  // The early fall from ln(vocabulary) would squeeze the law into a corner on a linear axis.
  const ys = union(
    extent(
      allCurves.map((point) => point[1]),
      yScale,
    ),
    extent(
      measured.flatMap(({ loss, spread }) => [loss! - (spread ?? 0), loss! + (spread ?? 0)]),
      yScale,
    ),
    extent(
      members.flatMap(({ forecast }) => (forecast ? [forecast.y] : [])),
      yScale,
    ),
  )!
  const others = overlayRanges(plan.overlays ?? [], xScale, yScale)
  const axes = {
    x: {
      name: `training compute, FLOPs (${plan.convention})`,
      kind: xScale,
      range: plan.zoom?.x ?? padded(union(xs, others.x)!, xScale, 0.05),
    },
    y: { name: 'loss, nats a token', kind: yScale, range: plan.zoom?.y ?? padded(union(ys, others.y)!, yScale, 0.06) },
  }
  const spot = (x: number, y: number): [number, number] => [position(x, xScale), position(y, yScale)]
  const quiet = { animation: false, silent: true, emphasis: { disabled: true }, clip: true }
  const lastPoint = Math.max(0, ...measured.filter((member) => !member.isExcluded).map((member) => member.flops))

  const series: object[] = [
    gridLines('y', axes.y, theme),
    gridLines('x', axes.x, theme),
    ...overlaySeries(plan.overlays ?? [], axes, theme),
  ]
  if (law?.fit && plan.showBand && band.some((point) => point.high > point.low)) {
    const edge = [
      ...band.map((point) => spot(point.x, point.high)),
      ...[...band].reverse().map((point) => spot(point.x, point.low)),
    ]
    series.push({ ...quiet, id: 'band', type: 'custom', data: [[0, 0]], z: 1, renderItem: polygon(edge, theme.band) })
  }
  for (const member of members) {
    const points = curves.get(member.id)!
    if (!points.length) continue
    series.push({
      ...quiet,
      id: `${member.id} curve`,
      name: member.name,
      type: 'line',
      symbol: 'none',
      z: 2,
      data: points.map(([x, y]) => spot(x, y)),
      lineStyle: { color: member.colour, width: 1.25, opacity: 0.75 },
    })
  }
  if (plan.envelope?.length) {
    series.push({
      ...quiet,
      id: 'envelope',
      type: 'line',
      symbol: 'none',
      z: 3,
      data: plan.envelope.map(({ flops, loss }) => spot(flops, loss)),
      lineStyle: { color: theme.text, width: 2, type: 'dotted' },
    })
  }
  if (law?.fit) {
    const { fit } = law
    const line = (from: number, to: number) => {
      const [a, b] = [Math.log(from), Math.log(to)]
      return Array.from({ length: 61 }, (_, i) => Math.exp(a + (i / 60) * (b - a))).map((x) =>
        spot(x, evaluateCurve(fit, x)),
      )
    }
    const start = Math.min(...measured.filter((member) => !member.isExcluded).map((member) => member.flops))
    series.push({
      ...quiet,
      id: 'law',
      type: 'line',
      symbol: 'none',
      z: 4,
      data: line(start, lastPoint),
      lineStyle: { color: theme.law, width: 1.5 },
    })
    if (axes.x.range.to > lastPoint) {
      series.push({
        ...quiet,
        id: 'law beyond',
        type: 'line',
        symbol: 'none',
        z: 4,
        data: line(lastPoint, axes.x.range.to),
        lineStyle: { color: theme.law, width: 1.5, type: 'dashed' },
      })
    }
  }
  for (const member of members) {
    const { forecast } = member
    if (forecast && member.loss === null) {
      if (forecast.interval) {
        const { low, high } = forecast.interval
        series.push({
          ...quiet,
          id: `${member.id} error`,
          type: 'line',
          symbol: 'none',
          z: 5,
          data: [spot(member.flops, low), spot(member.flops, high)],
          lineStyle: { color: member.colour, width: 1.5, opacity: 0.55 },
        })
      }
      series.push(mark(`${member.id} forecast`, member, spot(member.flops, forecast.y), true, theme))
    }
    if (member.loss !== null && member.spread) {
      const [low, high] = [Math.max(member.loss - member.spread, member.loss / 2), member.loss + member.spread]
      series.push({
        ...quiet,
        id: `${member.id} seeds`,
        type: 'line',
        symbol: 'rect',
        symbolSize: [11, 1.5],
        showAllSymbol: true,
        z: 5,
        data: [spot(member.flops, low), spot(member.flops, high)],
        lineStyle: { color: member.colour, width: 1.5 },
        itemStyle: { color: member.colour },
      })
    }
    if (member.loss !== null)
      series.push(mark(`${member.id} point`, member, spot(member.flops, member.loss), member.isExcluded, theme))
  }
  return {
    axes,
    option: {
      animation: false,
      backgroundColor: 'transparent',
      textStyle: { fontFamily: theme.font },
      grid: { ...chartGrid, right: 36 },
      xAxis: axisOption('x', axes.x, theme),
      yAxis: axisOption('y', axes.y, theme),
      series,
    },
  }
}

/** Sizes at which the symbols look alike: of a square's width, a diamond or a pin fills only a part. */
export const symbolSizes: Record<string, number> = {
  circle: 11,
  rect: 10,
  triangle: 12,
  diamond: 13,
  pin: 17,
  roundRect: 10,
  arrow: 13,
}

const mark = (id: string, member: LawMember, at: [number, number], isHollow: boolean, theme: ChartTheme) => ({
  id,
  name: member.name,
  type: 'scatter',
  data: [at],
  animation: false,
  silent: true,
  emphasis: { disabled: true },
  z: 6,
  symbol: member.symbol,
  symbolSize: symbolSizes[member.symbol] ?? 11,
  symbolOffset: member.symbol === 'pin' ? [0, 4] : [0, 0],
  itemStyle: {
    color: isHollow ? theme.surface : member.colour,
    borderColor: isHollow ? member.colour : theme.surface,
    borderWidth: isHollow ? 2 : 1,
    opacity: 1,
  },
  // Left of the point and below: the curves come from above, and the law goes on to the right.
  label: {
    show: true,
    position: [-2, 7],
    align: 'right',
    verticalAlign: 'top',
    formatter: member.name,
    color: theme.text,
    fontSize: 11,
    fontFamily: theme.font,
    textBorderColor: theme.surface,
    textBorderWidth: 3,
  },
  labelLayout: { moveOverlap: 'shiftY' },
})

const polygon =
  (edge: [number, number][], fill: string) =>
  (params: CustomSeriesRenderItemParams, api: CustomSeriesRenderItemAPI) => {
    void params
    return {
      type: 'polygon' as const,
      shape: { points: edge.map((point) => api.coord(point)) },
      style: { fill },
      silent: true,
    }
  }

export interface LawReading {
  /** The member whose point or forecast is under the pointer. */
  member: LawMember | null
  law: { y: number; low: number; high: number } | null
}

/** What is at a place of the chart: the nearest point within 24 pixels, and the law with its band at that compute. */
export function readLaw(
  plan: LawPlan,
  { axes }: LawDrawing,
  x: number,
  y: number,
  plot: { width: number; height: number },
): LawReading {
  const pixelsOf = (px: number, py: number) => {
    const along = (value: number, which: 'x' | 'y') => {
      const { range, kind } = axes[which]
      const [from, to] = [position(range.from, kind), position(range.to, kind)]
      return ((position(value, kind) - from) / (to - from)) * (which === 'x' ? plot.width : plot.height)
    }
    return [along(px, 'x'), along(py, 'y')]
  }
  const [hx, hy] = pixelsOf(x, y)
  let member: LawMember | null = null
  let best = 24
  for (const one of plan.members) {
    const at = one.loss ?? one.forecast?.y
    if (at === undefined || at === null) continue
    const [px, py] = pixelsOf(one.flops, at)
    const distance = Math.hypot(px - hx, py - hy)
    if (distance < best) [best, member] = [distance, one]
  }
  const fit = plan.law?.fit
  const band = plan.law?.band ?? []
  const near = band.reduce<(typeof band)[number] | null>(
    (found, point) => (!found || Math.abs(Math.log(point.x / x)) < Math.abs(Math.log(found.x / x)) ? point : found),
    null,
  )
  return { member, law: fit ? { y: evaluateCurve(fit, x), low: near?.low ?? NaN, high: near?.high ?? NaN } : null }
}

/** Members with their points and forecasts, one row each. */
export function lawCsv(members: LawMember[], convention: string): string {
  const rows = [
    `member,training_flops (${convention}),validation_loss,in_fit,forecast_loss,forecast_low,forecast_high,seeds,loss_spread`,
  ]
  for (const { name, flops, loss, losses, spread, isExcluded, forecast } of members) {
    rows.push(
      [
        `"${name.replace(/"/g, '""')}"`,
        flops,
        loss ?? '',
        loss !== null && !isExcluded ? 'yes' : 'no',
        forecast?.y ?? '',
        forecast?.interval?.low ?? '',
        forecast?.interval?.high ?? '',
        losses?.length ?? (loss === null ? 0 : 1),
        spread ?? '',
      ].join(','),
    )
  }
  return rows.join('\n') + '\n'
}
