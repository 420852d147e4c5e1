// The attention of one head as a heat map: a row for each query token, a column for each key token.
import { writeCsv } from '#shared/csv.ts'
import type { AttentionMaps } from '#shared/inspection.ts'
import { axisOption } from './axis.ts'
import { drawing, still, type Axes, type Drawing } from './drawing.ts'
import type { DrawApi } from './histogram-chart.ts'
import { mix, type ChartTheme } from './theme.ts'
import { visibleToken } from '../format/tokens.ts'

/** Labels that fit beside one another. */
const mostLabels = 32

export function attentionOption({ tokens, heads }: AttentionMaps, head: number, theme: ChartTheme): Drawing | null {
  const map = heads[head]
  if (!map || tokens.length === 0) return null
  const count = tokens.length
  const every = Math.ceil(count / mostLabels)
  const places = Array.from({ length: count }, (_, i) => i).filter((i) => i % every === 0)
  const label = (i: number) => clipped(visibleToken(tokens[i]?.text ?? ''))
  const range = { from: -0.5, to: count - 0.5 }
  const axes: Axes = {
    x: { name: 'key (attended token)', kind: 'linear', range, labelled: places, label },
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
  const cells = {
    ...still,
    id: 'cells',
    type: 'custom',
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
  }
  const drawn = drawing(axes, theme, [cells], { left: 86, right: 16, top: 8, bottom: 78 })
  const x = axisOption('x', axes.x, theme)
  drawn.option['xAxis'] = { ...x, nameGap: 60, axisLabel: { ...x.axisLabel, rotate: 60, hideOverlap: false } }
  return drawn
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
  writeCsv(
    ['layer', 'head', 'token', 'looks at', 'weight'],
    heads.flatMap((map, head) =>
      map.flatMap((weight, i) => {
        const [to, from] = [Math.floor(i / tokens.length), i % tokens.length]
        const named = (place: number) => `${place} ${tokens[place].text}`
        return from <= to ? [[layer, head, named(to), named(from), weight]] : []
      }),
    ),
  )
