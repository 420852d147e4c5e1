// What reading a text again is worth: readings against what they are worth in readings of new text.
import { effectiveTokens } from '#shared/scaling/repeated.ts'
import { gridLines } from './axis.ts'
import { drawing, still } from './drawing.ts'
import type { ChartTheme } from './theme.ts'

export interface RepeatsPlan {
  /** R*. */
  repeats: number
  /** Members that read their text more than once: how often. */
  members: readonly { name: string; epochs: number; colour: string }[]
}

/** [readings, worth] of the law, to a few readings beyond the member that reads most. */
export function repeatsCurve({ repeats, members }: RepeatsPlan): [number, number][] {
  const to = Math.max(20, ...members.map(({ epochs }) => 1.25 * epochs))
  return Array.from({ length: 81 }, (_, i) => {
    const epochs = 1 + (i / 80) * (to - 1)
    return [epochs, effectiveTokens(epochs, 1, repeats)]
  })
}

export function repeatsOption(plan: RepeatsPlan, theme: ChartTheme) {
  const curve = repeatsCurve(plan)
  const [most, worth] = curve[curve.length - 1]
  const highest = Math.min(most, 1.6 * worth)
  const axes = {
    x: { name: 'times the text is read', kind: 'linear' as const, range: { from: 1, to: most }, wanted: 5 },
    y: { name: 'worth (new text)', kind: 'linear' as const, range: { from: 1, to: highest }, wanted: 4 },
  }
  const line = (id: string, data: [number, number][], type: 'solid' | 'dashed', color: string) => ({
    ...still,
    id,
    name: id,
    type: 'line' as const,
    symbol: 'none',
    data,
    lineStyle: { color, width: 1.5, type },
  })
  const marks = {
    ...still,
    id: 'members',
    name: 'members',
    type: 'scatter' as const,
    symbolSize: 8,
    data: plan.members.map(({ name, epochs, colour }) => ({
      name,
      value: [epochs, effectiveTokens(epochs, 1, plan.repeats)],
      itemStyle: { color: theme.surface, borderColor: colour, borderWidth: 2 },
    })),
  }
  const fresh: [number, number][] = [
    [1, 1],
    [highest, highest],
  ]
  return drawing(
    axes,
    theme,
    [
      gridLines('y', axes.y, theme),
      line('new text', fresh, 'dashed', theme.neutral),
      line('repeated', curve, 'solid', theme.law),
      marks,
    ],
    { top: 10, left: 52, right: 14 },
  ).option
}
