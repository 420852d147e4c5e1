// The learning rate each member will follow, before anything runs.
import { axisOption, gridLines } from './axis.ts'
import { drawing, still } from './drawing.ts'
import type { ChartTheme } from './theme.ts'
import { padded } from './scale.ts'

export interface ScheduleLine {
  id: string
  name: string
  colour: string
  /** [step, learning rate] */
  points: [number, number][]
}

/** Each line against the share of its own steps, so that members of different length lie over each other. */
export function scheduleOption(lines: ScheduleLine[], theme: ChartTheme) {
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
    data: line.points.map(([step, rate]) => [step / line.points[line.points.length - 1][0], rate]),
    lineStyle: { color: line.colour, width: 1.5 },
  }))
  const { option } = drawing(axes, theme, [gridLines('y', axes.y, theme), ...series], { top: 10, left: 66 })
  return { ...option, yAxis: { ...axisOption('y', axes.y, theme), nameGap: 52 } }
}
