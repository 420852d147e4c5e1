// Names that never lie on each other: each takes the nearest free place above or below its own; one for which there is
// none is left out, and hovering names it.

interface Rect {
  x: number
  y: number
  width: number
  height: number
}

/** What ECharts says of a label, and what it is told. */
interface Label {
  seriesIndex: number
  dataIndex?: number
  labelRect: Rect
}
type Place = { dy: number } | { x: number; y: number }

/** Tried in turn, in pixels: a name farther from its line would be taken for another's. */
const shifts = [0, 13, -13, 26, -26, 39, -39, 52, -52, 65, -65, 78, -78, 91, -91]
const air = 1
const out: Place = { x: -1e4, y: -1e4 }

/** A layout for all series of one drawing. ECharts asks it for each label in turn, and again when it is resized. */
export function createLabelLayout(): (label: Label) => Place {
  let taken: Rect[] = []
  const asked = new Set<string>()
  return ({ seriesIndex, dataIndex, labelRect }) => {
    const key = `${seriesIndex} ${dataIndex}`
    if (asked.has(key)) {
      asked.clear() // the same once more: a new turn
      taken = []
    }
    asked.add(key)
    const dy = shifts.find((shift) => !taken.some((other) => overlap({ ...labelRect, y: labelRect.y + shift }, other)))
    if (dy === undefined) return out
    taken.push({ ...labelRect, y: labelRect.y + dy })
    return { dy }
  }
}

const overlap = (a: Rect, b: Rect): boolean =>
  a.x < b.x + b.width + air && b.x < a.x + a.width + air && a.y < b.y + b.height + air && b.y < a.y + a.height + air
