// Lines and their symbols on a canvas.
import type { Stroke } from './stroke-series.ts'
import type { Plot } from './pointer.ts'

/** What lies where: positions on the axes at the edges of the plot, and the plot in pixels. */
export interface StrokeView {
  x: { from: number; to: number }
  y: { from: number; to: number }
  plot: Plot
  /** Around symbols, to set them off from their line. */
  surface: string
}

const symbolRadius = 3.5

export function drawStroke(context: CanvasRenderingContext2D, stroke: Stroke, view: StrokeView): void {
  const { points, colour, width, opacity, isDashed, symbol } = stroke
  const { x, y, plot } = view
  const across = plot.width / (x.to - x.from)
  const down = plot.height / (y.to - y.from)
  const left = (at: number) => plot.left + (at - x.from) * across
  const top = (at: number) => plot.top + plot.height - (at - y.from) * down
  context.save()
  context.beginPath()
  context.rect(plot.left, plot.top - 1, plot.width, plot.height + 2)
  context.clip()
  context.globalAlpha = opacity
  context.strokeStyle = colour
  context.lineWidth = width
  context.lineJoin = 'round'
  context.setLineDash(isDashed ? [4, 3] : [])
  context.beginPath()
  let isBroken = true
  for (let i = 0; i < points.length; i += 2) {
    const at = points[i + 1]
    if (at - at !== 0) {
      isBroken = true // what is not finite leaves a gap
      continue
    }
    if (isBroken) context.moveTo(left(points[i]), top(at))
    else context.lineTo(left(points[i]), top(at))
    isBroken = false
  }
  context.stroke()
  if (symbol) {
    context.setLineDash([])
    context.lineWidth = 1
    context.fillStyle = colour
    context.strokeStyle = view.surface
    for (let i = 0; i < points.length; i += 2) {
      if (points[i + 1] - points[i + 1] !== 0) continue
      traceSymbol(context, symbol, left(points[i]), top(points[i + 1]))
      context.fill()
      context.stroke()
    }
  }
  context.restore()
}

/** The outline of a member's symbol around a place. */
function traceSymbol(context: CanvasRenderingContext2D, symbol: string, x: number, y: number): void {
  const r = symbolRadius
  const corners: Partial<Record<string, [number, number][]>> = {
    rect: [
      [-r, -r],
      [r, -r],
      [r, r],
      [-r, r],
    ],
    triangle: [
      [0, -r],
      [r, r],
      [-r, r],
    ],
    diamond: [
      [0, -r],
      [r, 0],
      [0, r],
      [-r, 0],
    ],
    pin: [
      [-r, -r],
      [r, -r],
      [0, r],
    ],
    arrow: [
      [0, -r],
      [r, r],
      [0, r / 2],
      [-r, r],
    ],
  }
  context.beginPath()
  const shape = corners[symbol === 'roundRect' ? 'rect' : symbol]
  if (!shape) context.arc(x, y, r, 0, 2 * Math.PI)
  else for (const [dx, dy] of shape) context.lineTo(x + dx, y + dy)
  context.closePath()
}
