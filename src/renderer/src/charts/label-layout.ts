// Names that never lie on each other, nor on a line where there is a place free of them: each takes the nearest such
// place above or below its own; one for which there is none beside the other names is left out, and hovering names it.

import { pairsOf } from './curve-points.ts'

interface Rect {
  x: number
  y: number
  width: number
  height: number
}
type Point = readonly [number, number]

/** What ECharts says of a label, and what it is told. */
interface Label {
  seriesIndex: number
  dataIndex?: number
  labelRect: Rect
}
type Place = { dy: number } | { x: number; y: number }

/** Tried in turn, in pixels: a name farther from its line would be taken for another's. */
const shifts = [0, 17, -17, 34, -34, 51, -51, 68, -68, 85, -85, 102, -102]
const air = { x: 1, y: 2 }
const out: Place = { x: -1e4, y: -1e4 }

/** Pixels beside a plot for the longest of the names that end there: a letter of 11 px takes about six. */
export const roomBeside = (names: readonly string[]): number => 14 + 6 * Math.max(...names.map(({ length }) => length))

/** Says of a series that its names keep apart from all others: `withNames` gives each the room that is left. */
export const apart = { moveOverlap: 'shiftY' as const }

/**
 * A layout for all series of one drawing, beside its lines in pixels. ECharts asks it for each label in turn, and again
 * when it is resized.
 */
function createLabelLayout(lines: () => readonly (readonly Point[])[], height: () => number): (label: Label) => Place {
  let taken: Rect[] = []
  let drawn: readonly (readonly Point[])[] | null = null
  const asked = new Set<string>()
  return ({ seriesIndex, dataIndex, labelRect }) => {
    const key = `${seriesIndex} ${dataIndex}`
    if (asked.has(key)) {
      asked.clear() // the same once more: a new turn
      taken = []
      drawn = null
    }
    asked.add(key)
    drawn ??= lines()
    const near = drawn.flatMap((line) => pieces(line, labelRect))
    const places = shifts.map((dy) => ({ dy, rect: { ...labelRect, y: labelRect.y + dy } }))
    const isInside = ({ y }: Rect) => y >= 0 && y + labelRect.height <= height()
    const free = places.filter(({ rect }) => isInside(rect) && !taken.some((other) => overlap(rect, other)))
    const found = free.find(({ rect }) => !near.some((line) => crosses(line, rect))) ?? free[0]
    if (!found) return out
    taken.push(found.rect)
    return { dy: found.dy }
  }
}

/** The parts of a line above and below a rectangle, where names may be moved to. */
function pieces(line: readonly Point[], { x, width }: Rect): Point[][] {
  const found: Point[][] = []
  for (let i = 1; i < line.length; i++) {
    const [a, b] = [line[i - 1], line[i]]
    if (Math.max(a[0], b[0]) >= x && Math.min(a[0], b[0]) <= x + width) found.push([a, b])
  }
  return found
}

const overlap = (a: Rect, b: Rect): boolean =>
  a.x < b.x + b.width + air.x &&
  b.x < a.x + a.width + air.x &&
  a.y < b.y + b.height + air.y &&
  b.y < a.y + a.height + air.y

/** Whether a line runs through a rectangle. */
const crosses = (line: readonly Point[], rect: Rect): boolean =>
  line.some((to, i) => i > 0 && segmentMeets(line[i - 1], to, rect))

/** Liang and Barsky 1984: the part of a segment inside a rectangle; one that has no place meets nothing. */
function segmentMeets([x1, y1]: Point, [x2, y2]: Point, { x, y, width, height }: Rect): boolean {
  let [from, to] = [0, 1]
  for (const [step, room] of [
    [x1 - x2, x1 - x],
    [x2 - x1, x + width - x1],
    [y1 - y2, y1 - y],
    [y2 - y1, y + height - y1],
  ]) {
    if (step === 0 ? room < 0 : Number.isNaN(room / step)) return false
    if (step < 0) from = Math.max(from, room / step)
    else if (step > 0) to = Math.min(to, room / step)
  }
  return from < to
}

/** What of an option tells where its lines lie. */
interface Placed {
  grid: { left: number; right: number; top: number; bottom: number }
  xAxis: { min: number; max: number }
  yAxis: { min: number; max: number }
  series: readonly object[]
  /** Beside the series, what stands on a canvas: positions x, y, x, y … */
  curves?: readonly Float64Array[]
}
type Spot = readonly (number | null)[]
interface Series {
  id: string
  type: string
  data: readonly (Spot | { value: Spot })[]
  lineStyle?: { width?: number }
  labelLayout?: unknown
}

/** Drawings so far. ECharts says of a name that it drew before where it was then: every drawing has new ones. */
let drawings = 0

/** The option with its names kept apart, in a picture whose size is known when they are placed. */
export function withNames<T extends object>(option: T, size: () => { width: number; height: number }): T {
  if (!('series' in option) || !('grid' in option)) return option
  const { series, grid, xAxis, yAxis, curves = [] } = option as unknown as Placed
  const isLine = (one: object): one is Series =>
    (one as Series).type === 'line' && (one as Series).lineStyle?.width !== 0
  const spotOf = (one: Spot | { value: Spot }): Spot => ('value' in one ? one.value : one)
  const layout = createLabelLayout(
    () => {
      const { width, height } = size()
      const [wide, high] = [width - grid.left - grid.right, height - grid.top - grid.bottom]
      const across = (value: number | null) =>
        grid.left + (((value ?? NaN) - xAxis.min) / (xAxis.max - xAxis.min)) * wide
      const down = (value: number | null) => grid.top + ((yAxis.max - (value ?? NaN)) / (yAxis.max - yAxis.min)) * high
      return [...series.filter(isLine).map(({ data }) => data.map(spotOf)), ...curves.map(pairsOf)].map((line) =>
        line.map(([x, y]): Point => [across(x), down(y)]),
      )
    },
    () => size().height,
  )
  const turn = ++drawings
  const named = (series as readonly Series[]).map((one) =>
    one.labelLayout === apart ? { ...one, id: `${one.id} ${turn}`, labelLayout: layout } : one,
  )
  return { ...option, curves: undefined, series: named }
}
