// The scaling law: training curves and final points against compute, the fitted line with its band, forecasts hollow
// until they are measured.
import type { CustomSeriesRenderItemAPI } from 'echarts'
import { evaluateCurve } from '#shared/scaling/curve.ts'
import type { Forecast, Law } from '#shared/scaling/law.ts'
import { decimate } from '../curves/decimate.ts'
import type { Curve } from '../curves/curve.ts'
import { reachOf, smooth } from '../curves/smooth.ts'
import { gridLines } from './axis.ts'
import { apart, drawing, outlined, pointStyle, still, type Axes, type Drawing } from './drawing.ts'
import { overlayRanges, overlaySeries, type Overlay } from './overlays.ts'
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
export function lawOption(plan: LawPlan, theme: ChartTheme): Drawing | null {
  const { members, xScale, yScale } = plan
  const curves = plan.showCurves
    ? members.map((member) => ({ member, points: curvePoints(member, plan, plan.zoom?.x ?? null) }))
    : []
  const axes = lawAxes(
    plan,
    curves.flatMap(({ points }) => points),
  )
  if (!axes) return null
  const spot: Spot = (x, y) => [position(x, xScale), position(y, yScale)]
  return drawing(
    axes,
    theme,
    [
      gridLines('y', axes.y, theme),
      gridLines('x', axes.x, theme),
      ...overlaySeries(plan.overlays ?? [], axes, theme),
      ...bandSeries(plan, spot, theme),
      ...curves.flatMap(({ member, points }) =>
        points.length
          ? [
              {
                ...line(
                  `${member.id} curve`,
                  2,
                  points.map(([x, y]) => spot(x, y)),
                  { color: member.colour, width: 1.25, opacity: 0.75 },
                ),
                name: member.name,
              },
            ]
          : [],
      ),
      ...(plan.envelope?.length
        ? [
            line(
              'envelope',
              3,
              plan.envelope.map(({ flops, loss }) => spot(flops, loss)),
              { color: theme.text, width: 2, type: 'dotted' },
            ),
          ]
        : []),
      ...lawSeries(plan, axes, spot, theme),
      ...members.flatMap((member) => memberSeries(member, spot, theme)),
    ],
    { right: 36 },
  )
}

/** From values to positions on the axes. */
type Spot = (x: number, y: number) => [number, number]

const line = (id: string, z: number, data: [number, number][], lineStyle: object) => ({
  ...still,
  id,
  type: 'line',
  symbol: 'none',
  z,
  data,
  lineStyle,
})

/** Room for the curves, the points with their spread, what is forecast and what is laid over; null without any. */
function lawAxes(plan: LawPlan, curves: [number, number][]): Axes | null {
  const { members, xScale, yScale, zoom } = plan
  const placed = members.filter(({ loss, forecast }) => loss !== null || forecast)
  if (!curves.length && members.every(({ loss }) => loss === null)) return null
  const xs = extent(xScale, [...curves.map(([x]) => x), ...placed.map(({ flops }) => flops)])
  const ys = extent(yScale, [
    ...curves.map(([, y]) => y),
    ...placed.flatMap(({ loss, spread, forecast }) => [
      ...(loss === null ? [] : [loss - (spread ?? 0), loss + (spread ?? 0)]),
      ...(forecast ? [forecast.y] : []),
    ]),
  ])
  const others = overlayRanges(plan.overlays ?? [], xScale, yScale)
  const name = `training compute, FLOPs (${plan.convention})`
  return {
    x: { name, kind: xScale, range: zoom?.x ?? padded(union(xs, others.x)!, xScale, 0.05) },
    y: { name: 'loss (nats/token)', kind: yScale, range: zoom?.y ?? padded(union(ys, others.y)!, yScale, 0.06) },
  }
}

function bandSeries({ law, showBand }: LawPlan, spot: Spot, theme: ChartTheme): object[] {
  const band = law?.band ?? []
  if (!law?.fit || !showBand || !band.some((point) => point.high > point.low)) return []
  const edge = [
    ...band.map((point) => spot(point.x, point.high)),
    ...[...band].reverse().map((point) => spot(point.x, point.low)),
  ]
  return [{ ...still, id: 'band', type: 'custom', data: [[0, 0]], z: 1, renderItem: polygon(edge, theme.band) }]
}

/** Solid over the points it is fitted to, dashed beyond them. */
function lawSeries({ law, members }: LawPlan, axes: Axes, spot: Spot, theme: ChartTheme): object[] {
  const fit = law?.fit
  if (!fit) return []
  const along = (from: number, to: number) => {
    const [a, b] = [Math.log(from), Math.log(to)]
    return Array.from({ length: 61 }, (_, i) => Math.exp(a + (i / 60) * (b - a))).map((x) =>
      spot(x, evaluateCurve(fit, x)),
    )
  }
  const fitted = members.filter(({ loss, isExcluded }) => loss !== null && !isExcluded).map(({ flops }) => flops)
  const [first, last] = [Math.min(...fitted), Math.max(0, ...fitted)]
  const style = { color: theme.law, width: 1.5 }
  const solid = line('law', 4, along(first, last), style)
  if (axes.x.range.to <= last) return [solid]
  return [solid, line('law beyond', 4, along(last, axes.x.range.to), { ...style, type: 'dashed' })]
}

/** A member's point with the spread of its seeds, or its forecast with the interval. */
function memberSeries(member: LawMember, spot: Spot, theme: ChartTheme): object[] {
  const { id, flops, loss, spread, forecast, colour: color } = member
  if (loss === null) {
    if (!forecast) return []
    const hollow = mark(`${id} forecast`, member, spot(flops, forecast.y), true, theme)
    if (!forecast.interval) return [hollow]
    const { low, high } = forecast.interval
    const ends = [spot(flops, low), spot(flops, high)]
    return [line(`${id} error`, 5, ends, { color, width: 1.5, opacity: 0.55 }), hollow]
  }
  const point = mark(`${id} point`, member, spot(flops, loss), member.isExcluded, theme)
  if (!spread) return [point]
  const ends = [spot(flops, Math.max(loss - spread, loss / 2)), spot(flops, loss + spread)]
  return [
    {
      ...line(`${id} seeds`, 5, ends, { color, width: 1.5 }),
      symbol: 'rect',
      symbolSize: [11, 1.5],
      showAllSymbol: true,
      itemStyle: { color },
    },
    point,
  ]
}

const mark = (id: string, member: LawMember, at: [number, number], isHollow: boolean, theme: ChartTheme) => ({
  ...still,
  ...pointStyle(member.symbol, member.colour, isHollow, theme),
  id,
  name: member.name,
  type: 'scatter',
  data: [at],
  z: 6,
  // Left of the point and below: the curves come from above, and the law goes on to the right.
  label: {
    ...outlined(theme),
    show: true,
    position: [-2, 7],
    align: 'right',
    verticalAlign: 'top',
    formatter: member.name,
  },
  labelLayout: apart,
})

const polygon = (edge: [number, number][], fill: string) => (_: unknown, api: CustomSeriesRenderItemAPI) => ({
  type: 'polygon' as const,
  shape: { points: edge.map((point) => api.coord(point)) },
  style: { fill },
  silent: true,
})
