// Published laws and models laid over the chart of the law: neutral grey, told apart by symbol and dash, named at their
// end.
import { nearestPoint, outlined, still, type Axes } from './drawing.ts'
import { apart } from './label-layout.ts'
import { extent, position, type Range, type ScaleKind } from './scale.ts'
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
): { x: Range | null; y: Range | null } => {
  const points = overlays.flatMap((overlay) => overlay.points)
  return {
    x: extent(
      xScale,
      points.map(({ x }) => x),
    ),
    y: extent(
      yScale,
      points.map(({ y }) => y),
    ),
  }
}

/** What cannot be compared is drawn fainter, and says so in its name. */
export function overlaySeries(overlays: readonly Overlay[], { x, y }: Axes, theme: ChartTheme): object[] {
  return overlays.map((overlay, i) => {
    const isLaw = overlay.kind === 'law'
    const isFilled = i % (2 * symbols.length) < symbols.length
    const opacity = overlay.differences.length ? 0.7 : 1
    return {
      ...still,
      id: `overlay ${overlay.id}`,
      name: overlay.name,
      type: 'line',
      z: 2,
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
        ...outlined(theme),
        show: true,
        formatter: overlay.differences.length ? `${overlay.name} *` : overlay.name,
        color: theme.faint,
        align: 'right',
        verticalAlign: 'bottom',
        padding: [0, 4, 6, 0],
      },
      labelLayout: apart,
    }
  })
}

/** The overlay under the pointer: the nearest of its points within 20 pixels, and what there is to say of it. */
export const readOverlay = (
  overlays: readonly Overlay[],
  axes: Axes,
  x: number,
  y: number,
  plot: { width: number; height: number },
): { overlay: Overlay; point: Overlay['points'][number] } | null =>
  nearestPoint(
    overlays.flatMap((overlay) =>
      overlay.points.map((point) => ({ item: { overlay, point }, x: point.x, y: point.y })),
    ),
    axes,
    { x, y },
    plot,
    20,
  )
