// The learning rate each member will follow, before anything runs.
import { gridLines } from './axis.ts'
import { drawing, still, type Drawing } from './drawing.ts'
import { nameAtEnd } from './stroke-series.ts'
import type { ChartTheme } from './theme.ts'
import { padded } from './scale.ts'
import { groupedBy } from '#shared/grouped.ts'
import { rounded } from '#shared/numbers.ts'

export interface ScheduleLine {
  id: string
  name: string
  colour: string
  /** [step, learning rate] */
  points: [number, number][]
}

/** Rates that are named, and members of one; more are read under the pointer. */
const mostNames = 8
const mostTogether = 4

/** A name's line, and names above the highest rate. */
const nameHeight = 17
const mostAbove = 3

/** Each line against the share of its own steps, so that members of different length lie over each other. */
export function scheduleOption(lines: ScheduleLine[], theme: ChartTheme): Drawing | null {
  const highest = Math.max(0, ...lines.flatMap((line) => line.points.map((point) => point[1])))
  if (!highest) return null
  const axes = {
    x: {
      name: 'share of the steps',
      kind: 'linear' as const,
      range: { from: 0, to: 1 },
      label: (value: number) => `${Math.round(value * 100)} %`,
      wanted: 4,
    },
    y: {
      name: 'learning rate',
      kind: 'linear' as const,
      range: { from: 0, to: padded({ from: 0, to: highest }, 'linear').to },
      wanted: 4,
    },
  }
  const series = lines.map((line) => ({
    ...still,
    id: line.id,
    name: line.name,
    type: 'line' as const,
    symbol: 'none',
    data: line.points.map(([step, rate]): [number, number] => [step / line.points.at(-1)![0], rate]),
    lineStyle: { color: line.colour, width: 1.5 },
  }))
  // Members of one rate lie on each other: they are named together, where the rates differ most.
  const peaks = lines.map((line, i) => ({ ...line, at: peakOf(series[i].data) }))
  const byRate = [...groupedBy(peaks, ({ at: [, rate] }) => String(rounded(rate))).values()]
  const names = (byRate.length <= mostNames ? byRate : []).map((same) =>
    nameAtEnd(same.length === 1 ? same[0] : { ...same[0], name: namesOf(same), colour: theme.text }, theme),
  )
  const all = [gridLines('y', axes.y, theme), ...series, ...names]
  const endsHigh = peaks.some(({ at: [share] }) => share > 0.8)
  // beside the plot, or above the lines
  const room = endsHigh
    ? { top: 10, right: 54 }
    : { top: 10 + nameHeight * Math.min(Math.max(0, names.length - 1), mostAbove) }
  return drawing(axes, theme, all, room)
}

const namesOf = (same: readonly { name: string }[]): string =>
  same.length <= mostTogether ? same.map(({ name }) => name).join(', ') : `${same.length} members`

/** The last point at the highest rate. */
const peakOf = (points: readonly [number, number][]): [number, number] =>
  points.reduce((a, b) => (b[1] >= a[1] ? b : a))

/** Who has which rate at a share of the steps, from the highest down; members of one rate together. */
export function ratesAt(lines: readonly ScheduleLine[], share: number): { rate: string; names: string[] }[] {
  const rows = lines.map(({ name, points }) => {
    const at = share * points.at(-1)![0]
    const [, rate] = points.reduce((a, b) => (Math.abs(b[0] - at) < Math.abs(a[0] - at) ? b : a))
    return { name, rate }
  })
  const byRate = groupedBy(
    rows.sort((a, b) => b.rate - a.rate),
    ({ rate }) => String(rounded(rate)),
  )
  return [...byRate].map(([rate, same]) => ({ rate, names: same.map(({ name }) => name) }))
}
