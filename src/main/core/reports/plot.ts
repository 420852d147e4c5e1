// A chart as one SVG that needs nothing else: axes, lines, bands and points.
import { withPrefix } from '#shared/numbers.ts'
import { markup, type Markup } from './markup.ts'

type Point = readonly [x: number, y: number]

export interface Plot {
  title: string
  x: string
  y: string
  isLog: { x: boolean; y: boolean }
  /** From small to large x; low and high. */
  band?: readonly { x: number; low: number; high: number }[]
  lines: readonly { colour: string; points: readonly Point[]; width?: number; isDashed?: boolean }[]
  /** Hollow: a forecast. */
  marks: readonly { colour: string; at: Point; name: string; isHollow?: boolean }[]
}

const [width, height, left, right, top, bottom] = [760, 420, 62, 18, 14, 46]

/** Ticks of a linear axis: 1, 2 or 5 times a power of ten apart, about `count` of them. */
function linearTicks(from: number, to: number, count: number): number[] {
  const rough = (to - from) / count
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = [1, 2, 5, 10].map((times) => times * power).find((one) => one >= rough) ?? 10 * power
  const first = Math.ceil(from / step)
  return Array.from({ length: Math.floor(to / step) - first + 1 }, (_, i) => (first + i) * step)
}

/** Powers of ten, and where there are fewer than three of them 2 and 5 times those as well. */
function logTicks(from: number, to: number): number[] {
  const powers = Array.from({ length: Math.ceil(Math.log10(to)) - Math.floor(Math.log10(from)) + 1 }, (_, i) =>
    Math.pow(10, Math.floor(Math.log10(from)) + i),
  )
  const within = (ticks: number[]) => ticks.filter((tick) => tick >= from && tick <= to)
  const coarse = within(powers)
  return coarse.length >= 3 ? coarse : within(powers.flatMap((power) => [power, 2 * power, 5 * power]))
}

function axis(values: readonly number[], isLog: boolean, [start, end]: readonly [number, number]) {
  const good = values.filter((value) => Number.isFinite(value) && (!isLog || value > 0))
  const to = isLog ? Math.log : (value: number) => value
  const back = isLog ? Math.exp : (value: number) => value
  const [low, high] = good.reduce(([a, b], value) => [Math.min(a, value), Math.max(b, value)], [Infinity, -Infinity])
  const span = to(high) - to(low) || 1
  const [from, until] = [to(low) - 0.03 * span, to(high) + 0.03 * span]
  const powers = isLog ? logTicks(back(from), back(until)) : []
  // a log axis of less than a decade has hardly a power of ten on it
  const ticks = powers.length >= 3 ? powers : linearTicks(back(from), back(until), 6)
  return {
    at: (value: number) => start + ((to(value) - from) / (until - from)) * (end - start),
    ticks,
    isAny: good.length > 0,
  }
}

const raised: Record<string, string> = Object.fromEntries([...'-0123456789'].map((sign, i) => [sign, '⁻⁰¹²³⁴⁵⁶⁷⁸⁹'[i]]))
/** 2×10¹⁴ for 2e14. */
function powerText(value: number): string {
  const [digits, exponent] = value.toExponential(0).split('e')
  const power = `10${[...String(Number(exponent))].map((sign) => raised[sign]).join('')}`
  return digits === '1' ? power : `${digits}×${power}`
}
const tickText = (value: number, isLog: boolean): string =>
  isLog && (value >= 1e4 || value < 1e-3)
    ? powerText(value)
    : Math.abs(value) >= 1e4
      ? withPrefix(value)
      : String(Number(value.toPrecision(4)))
const round = (value: number): string => value.toFixed(1)

/** More names than this say nothing that the table beside the chart does not. */
const mostNames = 10
/** Of writing in a chart. */
const [letterPixels, linePixels] = [6.2, 13]

/** Each name once, above its point or below it, where it lies on no other; the middle of its foot. */
function placedNames(points: readonly { name: string; x: number; y: number }[]) {
  const first = points.filter(({ name }, i) => points.findIndex((one) => one.name === name) === i)
  if (first.length > mostNames) return []
  const taken: { name: string; x: number; y: number; half: number }[] = []
  for (const { name, x, y } of first) {
    const half = (name.length * letterPixels) / 2
    const middle = Math.min(x, width - right - half)
    const found = [y - 9, y + 18, y - 22, y + 31].find((foot) =>
      taken.every((one) => Math.abs(one.x - middle) > one.half + half || Math.abs(one.y - foot) >= linePixels),
    )
    if (found !== undefined) taken.push({ name, x: middle, y: found, half })
  }
  return taken
}

/** Null where there is nothing to draw. */
export function drawPlot({ title, x, y, isLog, band = [], lines, marks }: Plot): Markup | null {
  const points = [...lines.flatMap((line) => line.points), ...marks.map(({ at }) => at)]
  const xs = axis(
    points.map(([value]) => value),
    isLog.x,
    [left, width - right],
  )
  const ys = axis([...points.map(([, value]) => value), ...band.flatMap(({ low, high }) => [low, high])], isLog.y, [
    height - bottom,
    top,
  ])
  if (!xs.isAny || !ys.isAny) return null
  const path = (all: readonly Point[]) => all.map(([a, b]) => `${round(xs.at(a))},${round(ys.at(b))}`).join(' ')
  const edge = [
    ...band.map(({ x, high }) => [x, high] as const),
    ...[...band].reverse().map(({ x, low }) => [x, low] as const),
  ]
  const names = placedNames(marks.map(({ at: [a, b], name }) => ({ name, x: xs.at(a), y: ys.at(b) })))
  return markup`<figure><svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${title}">
<g class="grid">${xs.ticks.map((tick) => markup`<line x1="${round(xs.at(tick))}" x2="${round(xs.at(tick))}" y1="${top}" y2="${height - bottom}"/>`)}${ys.ticks.map((tick) => markup`<line x1="${left}" x2="${width - right}" y1="${round(ys.at(tick))}" y2="${round(ys.at(tick))}"/>`)}</g>
<g class="ticks">${xs.ticks.map((tick) => markup`<text x="${round(xs.at(tick))}" y="${height - bottom + 16}" text-anchor="middle">${tickText(tick, isLog.x)}</text>`)}${ys.ticks.map((tick) => markup`<text x="${left - 8}" y="${round(ys.at(tick) + 4)}" text-anchor="end">${tickText(tick, isLog.y)}</text>`)}</g>
<text class="axis" x="${(left + width - right) / 2}" y="${height - 8}" text-anchor="middle">${x}</text>
<text class="axis" transform="translate(14 ${(top + height - bottom) / 2}) rotate(-90)" text-anchor="middle">${y}</text>
${edge.length ? markup`<polygon class="band" points="${path(edge)}"/>` : null}
${lines.map((line) => markup`<polyline fill="none" stroke="${line.colour}" stroke-width="${line.width ?? 1.5}"${line.isDashed ? markup` stroke-dasharray="5 4"` : null} points="${path(line.points)}"/>\n`)}
${marks.map(({ colour, at, name, isHollow }) => markup`<circle cx="${round(xs.at(at[0]))}" cy="${round(ys.at(at[1]))}" r="4.5" stroke="${colour}" stroke-width="1.5" ${isHollow ? markup`class="hollow"` : markup`fill="${colour}"`}><title>${name}</title></circle>\n`)}
${names.map(({ name, x, y }) => markup`<text class="mark" x="${round(x)}" y="${round(y)}" text-anchor="middle">${name}</text>\n`)}
</svg><figcaption>${title}</figcaption></figure>`
}
