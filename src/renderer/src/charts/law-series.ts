// The law of one study as series: its line and band, its members' points and forecasts, the spread of their seeds.
import type { CustomSeriesRenderItemAPI } from 'echarts'
import { evaluateCurve } from '#shared/scaling/curve.ts'
import { outlined, pointStyle, still, type Axes } from './drawing.ts'
import { apart } from './label-layout.ts'
import type { DrawnFamily, LawMember } from './law-plan.ts'
import type { ChartTheme } from './theme.ts'

/** From values to positions on the axes. */
export type Spot = (x: number, y: number) => [number, number]

export const lineSeries = (id: string, z: number, data: [number, number][], lineStyle: object) => ({
  ...still,
  id,
  type: 'line',
  symbol: 'none',
  z,
  data,
  lineStyle,
})

/** Where the law would lie if its points were drawn again. */
export function bandSeries({ law, prefix, hue }: DrawnFamily, spot: Spot, theme: ChartTheme): object[] {
  const band = law?.band ?? []
  if (!law?.fit || !band.some((point) => point.high > point.low)) return []
  return [areaSeries(`${prefix}band`, band, hue === null ? theme.band : faint(hue, theme), spot)]
}

/** One training of another seed: a standard deviation to each side of the means, from member to member. */
export function seedSeries({ members, prefix, hue }: DrawnFamily, spot: Spot, theme: ChartTheme): object[] {
  const repeated = members.flatMap(({ flops, loss, spread, isExcluded }) =>
    loss !== null && spread && !isExcluded
      ? [{ x: flops, low: Math.max(loss - spread, loss / 2), high: loss + spread }]
      : [],
  )
  return repeated.length < 2 ? [] : [areaSeries(`${prefix}seeds`, repeated, faint(hue ?? theme.neutral, theme), spot)]
}

export const areaSeries = (
  id: string,
  points: readonly { x: number; low: number; high: number }[],
  fill: string,
  spot: Spot,
) => {
  const edge = [
    ...points.map((point) => spot(point.x, point.high)),
    ...[...points].reverse().map((point) => spot(point.x, point.low)),
  ]
  return { ...still, id, type: 'custom', data: [[0, 0]], z: 1, renderItem: polygon(edge, fill) }
}

/** `#rrggbb` as an area behind lines. */
const faint = (colour: string, { isDark }: ChartTheme): string => colour + (isDark ? '2e' : '26')

/** Solid over the points it is fitted to, dashed beyond them as far as its band reaches. */
export function lawSeries({ law, members, prefix, name, hue }: DrawnFamily, axes: Axes, spot: Spot, theme: ChartTheme) {
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
  const reach = law.band.length ? law.band[law.band.length - 1].x : axes.x.range.to
  const style = { color: hue ?? theme.law, width: 1.5 }
  const middle = Math.sqrt(first * last)
  const named = {
    ...lineSeries(`${prefix}law name`, 4, [spot(middle, evaluateCurve(fit, middle))], { width: 0 }),
    endLabel: {
      ...outlined(theme),
      show: true,
      formatter: name,
      color: hue,
      distance: 0,
      verticalAlign: 'bottom',
      padding: [0, 0, 4, 4],
    },
    labelLayout: apart,
  }
  const lines = [lineSeries(`${prefix}law`, 4, along(first, last), style), ...(name === null ? [] : [named])]
  const to = Math.min(axes.x.range.to, reach)
  if (to <= last) return lines
  return [...lines, lineSeries(`${prefix}law beyond`, 4, along(last, to), { ...style, type: 'dashed' })]
}

/** A member's point with the spread of its seeds, or its forecast with the interval. */
export function memberSeries(
  member: LawMember,
  { prefix, hue }: DrawnFamily,
  isNamed: boolean,
  spot: Spot,
  theme: ChartTheme,
): object[] {
  const { flops, loss, spread, forecast, colour: color } = member
  const id = prefix + member.id
  const nameColour = isNamed ? (hue ?? theme.text) : null
  if (loss === null) {
    if (!forecast) return []
    const hollow = mark(`${id} forecast`, member, spot(flops, forecast.y), nameColour, theme)
    if (!forecast.interval) return [hollow]
    const { low, high } = forecast.interval
    const ends = [spot(flops, low), spot(flops, high)]
    return [lineSeries(`${id} error`, 5, ends, { color, width: 1.5, opacity: 0.55 }), hollow]
  }
  const point = mark(`${id} point`, member, spot(flops, loss), nameColour, theme)
  if (!spread) return [point]
  const ends = [spot(flops, Math.max(loss - spread, loss / 2)), spot(flops, loss + spread)]
  return [
    {
      ...lineSeries(`${id} seeds`, 5, ends, { color, width: 1.5 }),
      symbol: 'rect',
      symbolSize: [11, 1.5],
      showAllSymbol: true,
      itemStyle: { color },
    },
    point,
  ]
}

/** Measured solid, forecast hollow, measured and left out faint; without a name where that has no colour. */
function mark(id: string, member: LawMember, at: [number, number], nameColour: string | null, theme: ChartTheme) {
  const style = pointStyle(member.symbol, member.colour, member.loss === null, theme)
  return {
    ...still,
    ...style,
    itemStyle: { ...style.itemStyle, opacity: member.loss !== null && member.isExcluded ? 0.35 : 1 },
    id,
    name: member.name,
    type: 'scatter',
    data: [at],
    z: 6,
    // Left of the point and below: the curves come from above, and the law goes on to the right.
    label: {
      ...outlined(theme),
      show: nameColour !== null,
      color: nameColour ?? theme.text,
      position: [-2, 7],
      align: 'right',
      verticalAlign: 'top',
      formatter: member.name,
    },
    labelLayout: apart,
  }
}

const polygon = (edge: [number, number][], fill: string) => (_: unknown, api: CustomSeriesRenderItemAPI) => ({
  type: 'polygon' as const,
  shape: { points: edge.map((point) => api.coord(point)) },
  style: { fill },
  silent: true,
})
