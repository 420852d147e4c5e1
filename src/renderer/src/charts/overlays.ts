// Published laws and models laid over the chart of the law: neutral grey, told apart by symbol and dash, named at their
// end.
import type { AxisPlan } from './axis.ts'
import { extent, position, union, type Range, type ScaleKind } from './scale.ts'
import type { ChartTheme } from './theme.ts'

export interface Overlay {
  id: string
  name: string
  /** A law is a line of many points, a family its models. */
  kind: 'law' | 'family'
  points: { x: number; y: number; name?: string }[]
  source: string
  /** Data split and unit of the loss. */
  loss: string
  /** Why its losses may not be held against the study's; empty where they may. */
  differences: string[]
}

const dashes: (string | number[])[] = ['solid', [7, 4], [2, 3], [9, 3, 2, 3], [4, 4]]
/** First filled, then hollow: ECharts' own hollow ones are filled with white on dark as well. */
const symbols = ['circle', 'rect', 'triangle', 'diamond']

/** How far the overlays reach. */
export const overlayRanges = (
  overlays: readonly Overlay[],
  xScale: ScaleKind,
  yScale: ScaleKind,
): { x: Range | null; y: Range | null } => ({
  x: union(
    ...overlays.map(({ points }) =>
      extent(
        points.map(({ x }) => x),
        xScale,
      ),
    ),
  ),
  y: union(
    ...overlays.map(({ points }) =>
      extent(
        points.map(({ y }) => y),
        yScale,
      ),
    ),
  ),
})

/** What cannot be compared is drawn fainter, and says so in its name. */
export function overlaySeries(
  overlays: readonly Overlay[],
  { x, y }: { x: AxisPlan; y: AxisPlan },
  theme: ChartTheme,
): object[] {
  return overlays.map((overlay, i) => {
    const isLaw = overlay.kind === 'law'
    const isFilled = i % (2 * symbols.length) < symbols.length
    const opacity = overlay.differences.length ? 0.7 : 1
    return {
      id: `overlay ${overlay.id}`,
      name: overlay.name,
      type: 'line',
      z: 2,
      animation: false,
      silent: true,
      clip: true,
      emphasis: { disabled: true },
      data: overlay.points.map((point) => [position(point.x, x.kind), position(point.y, y.kind)]),
      symbol: isLaw ? 'none' : symbols[i % symbols.length],
      symbolSize: 7,
      showAllSymbol: true,
      lineStyle: { color: theme.neutral, width: isLaw ? 1.25 : 0, type: dashes[i % dashes.length], opacity },
      itemStyle: {
        color: isFilled ? theme.neutral : theme.surface,
        borderColor: theme.neutral,
        borderWidth: isFilled ? 0 : 1.5,
        opacity,
      },
      endLabel: {
        show: true,
        formatter: overlay.differences.length ? `${overlay.name} *` : overlay.name,
        color: theme.faint,
        fontSize: 11,
        fontFamily: theme.font,
        align: 'right',
        verticalAlign: 'bottom',
        offset: [-4, -6],
        textBorderColor: theme.surface,
        textBorderWidth: 3,
      },
      labelLayout: { moveOverlap: 'shiftY' },
    }
  })
}

/** The overlay under the pointer: the nearest of its points within 20 pixels, and what there is to say of it. */
export function readOverlay(
  overlays: readonly Overlay[],
  axes: { x: AxisPlan; y: AxisPlan },
  x: number,
  y: number,
  plot: { width: number; height: number },
): { overlay: Overlay; point: Overlay['points'][number] } | null {
  const along = ({ range, kind }: AxisPlan, value: number, pixels: number) => {
    const [from, to] = [position(range.from, kind), position(range.to, kind)]
    return ((position(value, kind) - from) / (to - from)) * pixels
  }
  const [hx, hy] = [along(axes.x, x, plot.width), along(axes.y, y, plot.height)]
  let found: { overlay: Overlay; point: Overlay['points'][number] } | null = null
  let best = 20
  for (const overlay of overlays) {
    for (const point of overlay.points) {
      const distance = Math.hypot(along(axes.x, point.x, plot.width) - hx, along(axes.y, point.y, plot.height) - hy)
      if (distance < best) [best, found] = [distance, { overlay, point }]
    }
  }
  return found
}
