// The scaling law: training curves and final points against compute, the fitted line with its band, forecasts hollow
// until they are measured. In the window ECharts draws all but the curves, which stand on a canvas; a saved picture is
// one ECharts option.
import { lossUnitNames } from '#shared/loss-unit.ts'
import { evaluateCurve } from '#shared/scaling/curve.ts'
import type { LawInUnit } from '#shared/scaling/law-times.ts'
import { gridLines } from './axis.ts'
import { drawing, type Axes, type Drawing } from './drawing.ts'
import { lawStrokes } from './law-curves.ts'
import { familiesOf, type DrawnFamily, type LawMember, type LawPlan } from './law-plan.ts'
import { bandSeries, lawSeries, lineSeries, memberSeries, seedSeries, type Spot } from './law-series.ts'
import { overlayRanges, overlaySeries } from './overlays.ts'
import { extent, limited, noLimit, padded, position, union, valueAt, type Range } from './scale.ts'
import { mainCurves, strokeSeries, type RunStrokes } from './stroke-series.ts'
import type { ChartTheme } from './theme.ts'

/** Points that carry their name; of more, the hover names each. */
const mostNamed = 8

/** Everything in one option, for a picture to be saved. Null while there is neither a curve nor a point. */
export function lawOption(plan: LawPlan, theme: ChartTheme): Drawing | null {
  const curves = lawStrokes(plan)
  const axes = lawAxes(plan, curves)
  if (!axes) return null
  const series = curves.flatMap(({ id, strokes }) =>
    strokes.map((stroke) => ({ ...strokeSeries({ id, name: id }, stroke, theme), id: `${id} curve` })),
  )
  return framed(plan, axes, series, theme)
}

/** The same without the curves, and these for the canvas. */
export function lawView(
  plan: LawPlan,
  theme: ChartTheme,
  isLive: (memberId: string) => boolean,
): (Drawing & { runs: RunStrokes[] }) | null {
  const runs = lawStrokes(plan, isLive)
  const axes = lawAxes(plan, runs)
  if (!axes) return null
  const { option } = framed(plan, axes, [], theme)
  return { option: { ...option, curves: mainCurves(runs) }, axes, runs }
}

function framed(plan: LawPlan, axes: Axes, curves: object[], theme: ChartTheme): Drawing {
  const families = familiesOf(plan)
  const spot: Spot = (x, y) => [position(x, plan.xScale), position(y, plan.yScale)]
  const named = namedIn(families)
  return drawing(
    axes,
    theme,
    [
      gridLines('y', axes.y, theme),
      gridLines('x', axes.x, theme),
      ...overlaySeries(plan.overlays ?? [], axes, theme),
      ...families.flatMap((family) => (plan.showBand ? bandSeries(family, spot, theme) : [])),
      ...families.flatMap((family) => seedSeries(family, spot, theme)),
      ...curves,
      ...(plan.envelope?.length
        ? [
            lineSeries(
              'envelope',
              3,
              plan.envelope.map(({ flops, loss }) => spot(flops, loss)),
              { color: theme.text, width: 2, type: 'dotted' },
            ),
          ]
        : []),
      ...families.flatMap((family) => lawSeries(family, axes, spot, theme)),
      ...families.flatMap((family) =>
        family.members.flatMap((member) => memberSeries(member, family, named.has(member), spot, theme)),
      ),
    ],
    { right: 36 },
  )
}

const isPlaced = ({ loss, forecast }: LawMember): boolean => loss !== null || forecast !== null

/** All points where they are few, else some, evenly spread from the smallest to the largest of the open study. */
function namedIn(families: readonly DrawnFamily[]): Set<LawMember> {
  const all = families.flatMap(({ members }) => members.filter(isPlaced))
  if (all.length <= mostNamed) return new Set(all)
  const own = families[0].members.filter(isPlaced)
  if (own.length <= mostNamed) return new Set(own)
  const step = (own.length - 1) / (mostNamed - 1)
  return new Set(Array.from({ length: mostNamed }, (_, i) => own[Math.round(i * step)]))
}

/** Room for the curves, the points with their spread, what is forecast and what is laid over; null without any. */
function lawAxes(plan: LawPlan, curves: readonly RunStrokes[]): Axes | null {
  const { xScale, yScale, zoom } = plan
  const members = familiesOf(plan).flatMap((family) => family.members)
  const placed = members.filter(isPlaced)
  const isMeasured = members.some(({ loss }) => loss !== null)
  if (!curves.length && !isMeasured) return null
  const finals = placed.flatMap(({ loss, spread, forecast }) => [
    ...(loss === null ? [] : [loss - (spread ?? 0), loss + (spread ?? 0)]),
    ...(loss === null && forecast ? forecastEnds(forecast) : []),
  ])
  const others = overlayRanges(plan.overlays ?? [], xScale, yScale)
  const isFocused = plan.isFocused === true && isMeasured
  const drawn = isFocused ? null : extentOf(curves, plan)
  const xs = union(
    drawn?.x ?? null,
    extent(
      xScale,
      placed.map(({ flops }) => flops),
    ),
    others.x,
  )!
  const xRange = padded(isFocused ? { ...xs, from: xs.from / 3 } : xs, xScale, 0.05)
  const ends = familiesOf(plan).flatMap(({ law }) => (law?.fit ? lawEnds(law, xRange.to) : []))
  const ys = union(drawn?.y ?? null, extent(yScale, [...finals, ...ends]), others.y)!
  const yRange = isFocused ? { from: 0.97 * ys.from, to: 1.12 * ys.to } : padded(ys, yScale, 0.06)
  return {
    x: {
      name: `training compute, FLOPs (${plan.convention})`,
      kind: xScale,
      range: zoom?.x ?? limited(xRange, plan.xLimit ?? noLimit, xScale),
    },
    y: {
      name: lossUnitNames[plan.unit ?? 'nats-per-token'],
      kind: yScale,
      range: zoom?.y ?? limited(yRange, plan.yLimit ?? noLimit, yScale),
    },
  }
}

/** The law where the chart ends, with its band, where that does not stretch the chart beyond all measure. */
function lawEnds({ fit, band }: LawInUnit, to: number): number[] {
  const last = band.filter(({ x }) => x <= to).at(-1)
  const y = evaluateCurve(fit!, Math.min(to, last?.x ?? to))
  return last ? [y, Math.max(last.low, y / 1.1)] : [y]
}

/** A forecast with its interval, where that does not stretch the chart beyond all measure. */
const forecastEnds = ({ y, interval }: { y: number; interval: { low: number; high: number } | null }): number[] =>
  interval ? [Math.max(interval.low, y / 1.3), Math.min(interval.high, y * 1.3)] : [y]

function extentOf(curves: readonly RunStrokes[], { xScale, yScale }: LawPlan): { x: Range; y: Range } | null {
  let [left, right, low, high] = [Infinity, -Infinity, Infinity, -Infinity]
  for (const { strokes } of curves)
    for (const { points } of strokes)
      for (let i = 0; i < points.length; i += 2) {
        const [x, y] = [points[i], points[i + 1]]
        if (x - x !== 0 || y - y !== 0) continue
        if (x < left) left = x
        if (x > right) right = x
        if (y < low) low = y
        if (y > high) high = y
      }
  if (left > right) return null
  return {
    x: { from: valueAt(left, xScale), to: valueAt(right, xScale) },
    y: { from: valueAt(low, yScale), to: valueAt(high, yScale) },
  }
}
