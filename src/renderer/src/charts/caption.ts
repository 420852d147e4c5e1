// A picture that can be read alone: its title and what it says over the chart, its legend and where it is from under
// it.
import type { ChartTheme } from './theme.ts'

export interface Caption {
  title: string
  /** The law, what is smoothed, what is left out: a line each. */
  lines?: readonly string[]
  legend?: readonly { name: string; colour: string }[]
  note?: string
  /** Which lab, study, text and version, and when. */
  provenance: string
}

interface Size {
  width: number
  height: number
}

export interface Picture extends Size {
  option: object
}

const margin = 16
const [titleLine, textLine, legendLine] = [22, 17, 16]
/** A letter of 12 px takes about so many pixels. */
const letter = 6.4
/** A slide has no room for more. */
const mostInLegend = 24

/** The option drawn larger, with the caption as text over and under it. Without a caption it stays as it is. */
export function captioned(option: object, size: Size, caption: Caption | null, theme: ChartTheme): Picture {
  if (!caption) return { option, ...size }
  const lines = [...(caption.lines ?? []), ...(caption.note ? [caption.note] : [])]
  const above = margin + titleLine + lines.length * textLine + 6
  const rows = legendRows(caption.legend ?? [], size.width - 2 * margin)
  const below = rows.length * legendLine + textLine + margin
  const text = (words: string, x: number, y: number, style: object = {}) => ({
    type: 'text',
    left: x,
    top: y,
    silent: true,
    style: { text: words, fill: theme.text, fontSize: 12, fontFamily: theme.font, ...style },
  })
  const bottom = above + size.height
  const graphic = [
    text(caption.title, margin, margin, { fontSize: 15, fontWeight: 600 }),
    ...lines.map((line, i) => text(line, margin, margin + titleLine + i * textLine)),
    ...rows.flatMap((row, i) =>
      row.flatMap(({ name, colour, x }) => [
        {
          type: 'rect',
          left: margin + x,
          top: bottom + i * legendLine + 5,
          silent: true,
          shape: { width: 12, height: 3 },
          style: { fill: colour },
        },
        text(name, margin + x + 17, bottom + i * legendLine, { fontSize: 11 }),
      ]),
    ),
    text(caption.provenance, margin, bottom + rows.length * legendLine + 4, { fill: theme.faint, fontSize: 10 }),
  ]
  const { grid = {} } = option as { grid?: { top?: number; bottom?: number } }
  return {
    option: { ...option, grid: { ...grid, top: (grid.top ?? 0) + above, bottom: (grid.bottom ?? 0) + below }, graphic },
    width: size.width,
    height: size.height + above + below,
  }
}

/** Entries from left to right, as many in a row as fit. */
function legendRows(legend: NonNullable<Caption['legend']>, width: number) {
  const shown = legend.slice(0, mostInLegend)
  const entries =
    legend.length > shown.length
      ? [...shown, { name: `and ${legend.length - shown.length} more`, colour: 'transparent' }]
      : shown
  const rows: { name: string; colour: string; x: number }[][] = []
  let x = Infinity
  for (const entry of entries) {
    const wide = 17 + entry.name.length * letter + 14
    if (x + wide > width) {
      rows.push([])
      x = 0
    }
    rows[rows.length - 1].push({ ...entry, x })
    x += wide
  }
  return rows
}
