// What one head looks at: a heat map with a row for each token that looks and a column for each that is looked at.
import type { AttentionMaps } from '#shared/inspection.ts'
import { axisOption, type AxisPlan } from './axis.ts'
import { mix, type ChartTheme } from './theme.ts'
import { visibleToken } from '../format/tokens.ts'

export interface AttentionDrawing {
  option: Record<string, unknown> & { grid: { left: number; right: number; top: number; bottom: number } }
  axes: { x: AxisPlan; y: AxisPlan }
}

interface DrawApi {
  value(dimension: number): number
  coord(point: [number, number]): [number, number]
}

/** Labels that fit beside one another. */
const mostLabels = 32

export function attentionOption(
  { tokens, heads }: AttentionMaps,
  head: number,
  theme: ChartTheme,
): AttentionDrawing | null {
  const map = heads[head]
  if (!map || tokens.length === 0) return null
  const count = tokens.length
  const every = Math.ceil(count / mostLabels)
  const places = Array.from({ length: count }, (_, i) => i).filter((i) => i % every === 0)
  const label = (i: number) => clipped(visibleToken(tokens[i]?.text ?? ''))
  const range = { from: -0.5, to: count - 0.5 }
  const axes: AttentionDrawing['axes'] = {
    x: { name: 'looked at', kind: 'linear', range, labelled: places, label },
    // Counted from the bottom, so that the text reads downwards.
    y: {
      name: '',
      kind: 'linear',
      range,
      labelled: places.map((i) => count - 1 - i),
      label: (at) => label(count - 1 - at),
    },
  }
  const strong = theme.isDark ? '#8caeff' : '#2f57c9'
  const x = axisOption('x', axes.x, theme)
  return {
    axes,
    option: {
      animation: false,
      backgroundColor: 'transparent',
      textStyle: { fontFamily: theme.font },
      grid: { left: 86, right: 16, top: 8, bottom: 78, outerBoundsMode: 'none' } as never,
      xAxis: { ...x, nameGap: 60, axisLabel: { ...x.axisLabel, rotate: 60, hideOverlap: false } },
      yAxis: axisOption('y', axes.y, theme),
      series: [
        {
          id: 'cells',
          type: 'custom',
          animation: false,
          silent: true,
          clip: true,
          z: 3,
          encode: { x: 0, y: 1 },
          data: map.flatMap((weight, i) =>
            i % count <= Math.floor(i / count) ? [[i % count, count - 1 - Math.floor(i / count), weight]] : [],
          ),
          renderItem: (_: unknown, api: DrawApi) => {
            const [left, top] = api.coord([api.value(0) - 0.5, api.value(1) + 0.5])
            const [right, bottom] = api.coord([api.value(0) + 0.5, api.value(1) - 0.5])
            const gap = count > 48 ? 0 : 0.5
            return {
              type: 'rect',
              shape: { x: left, y: top, width: right - left - gap, height: bottom - top - gap },
              style: { fill: mix(theme.surface, strong, 0.06 + 0.94 * api.value(2)) },
            }
          },
        },
      ],
    },
  }
}

const clipped = (text: string): string => (text.length > 11 ? `${text.slice(0, 10)}…` : text)

/** The cell under a pointer; null beside the map and for what comes later. */
export function attentionAt(
  { tokens, heads }: AttentionMaps,
  head: number,
  x: number,
  y: number,
): { to: string; from: string; weight: number } | null {
  const count = tokens.length
  const [from, to] = [Math.round(x), count - 1 - Math.round(y)]
  if (from < 0 || to >= count || from > to) return null
  return {
    to: visibleToken(tokens[to].text),
    from: visibleToken(tokens[from].text),
    weight: heads[head][to * count + from],
  }
}

/** All heads of the layer, one row for each pair. */
export const attentionCsv = ({ tokens, layer, heads }: AttentionMaps): string =>
  [
    'layer,head,token,looks at,weight',
    ...heads.flatMap((map, head) =>
      map.flatMap((weight, i) => {
        const [to, from] = [Math.floor(i / tokens.length), i % tokens.length]
        return from <= to
          ? [
              `${layer + 1},${head + 1},${quoted(`${to} ${tokens[to].text}`)},${quoted(`${from} ${tokens[from].text}`)},${weight}`,
            ]
          : []
      }),
    ),
  ].join('\n') + '\n'

const quoted = (text: string): string => `"${text.replace(/"/g, '""')}"`
