// The pointer and the keys over a chart: hovering and arrow keys read a place, dragging zooms, plus and minus zoom
// around it.
import { computed, ref, shallowRef, watch, type Ref } from 'vue'
import type { Axes } from './drawing.ts'
import { position, valueAt, type Range } from './scale.ts'

export interface Place {
  x: number
  y: number
}

/** The part of the chart inside its axes, in pixels of the frame. */
export interface Plot {
  left: number
  top: number
  width: number
  height: number
}

export interface Zoom {
  x: Range
  y?: Range
}

export interface ChartPointerDeps {
  frame: Readonly<Ref<HTMLElement | null>>
  size: { width: Readonly<Ref<number>>; height: Readonly<Ref<number>> }
  /** How wide the box is that says what is read; 0 until it is drawn. */
  readingWidth: Readonly<Ref<number>>
  plot: Readonly<Ref<Plot>>
  /** Null where nothing is read and nothing zooms. */
  axes: () => Axes | null
  zoom: () => 'x' | 'xy' | 'none'
  onZoom(zoom: Zoom): void
}

/** Drags shorter than this are a press. */
const shortestDrag = 6

export function useChartPointer({ frame, size, readingWidth, plot, axes, zoom, onZoom }: ChartPointerDeps) {
  const pointer = ref<Place | null>(null)
  const drag = shallowRef<{ from: Place; to: Place } | null>(null)
  /** Where a person pressed: what is read there stays until the next press. */
  const isPinned = ref(false)

  function valueOf(which: 'x' | 'y', pixel: number): number {
    const { range, kind } = axes()![which]
    const { left, top, width, height } = plot.value
    const share = which === 'x' ? (pixel - left) / width : 1 - (pixel - top) / height
    const [from, to] = [position(range.from, kind), position(range.to, kind)]
    return valueAt(from + Math.min(1, Math.max(0, share)) * (to - from), kind)
  }
  const clamped = ({ x, y }: Place): Place => {
    const { left, top, width, height } = plot.value
    return { x: Math.min(left + width, Math.max(left, x)), y: Math.min(top + height, Math.max(top, y)) }
  }
  const isInside = ({ x, y }: Place) => {
    const { left, top, width, height } = plot.value
    return x >= left - 2 && x <= left + width + 2 && y >= top - 2 && y <= top + height + 2
  }
  const placeOf = (event: PointerEvent): Place => {
    const box = frame.value!.getBoundingClientRect()
    return { x: event.clientX - box.left, y: event.clientY - box.top }
  }

  /** The values under the pointer. */
  const hover = computed(() =>
    pointer.value && axes() && (!drag.value || isPinned.value)
      ? { x: valueOf('x', pointer.value.x), y: valueOf('y', pointer.value.y) }
      : null,
  )
  const hoverStyle = computed(() => {
    const at = pointer.value
    if (!at) return {}
    const [width, height] = [size.width.value, size.height.value]
    const isRight = at.x > width / 2
    const isLow = at.y > height / 2 // above the pointer, where there is room
    return {
      [isLow ? 'bottom' : 'top']: `${(isLow ? height - at.y : at.y) + 14}px`,
      // beside the pointer, or over it where the box is wider than the room there is
      [isRight ? 'right' : 'left']:
        `${Math.max(0, Math.min((isRight ? width - at.x : at.x) + 18, width - readingWidth.value))}px`,
      maxHeight: `${Math.max(80, (isLow ? at.y : height - at.y) - 12)}px`,
    }
  })
  const dragStyle = computed(() => {
    if (!drag.value || zoom() === 'none') return null
    const { top, height } = plot.value
    const [from, to] = [clamped(drag.value.from), clamped(drag.value.to)]
    const [x1, x2] = [from.x, to.x].sort((a, b) => a - b)
    const [y1, y2] = zoom() === 'xy' ? [from.y, to.y].sort((a, b) => a - b) : [top, top + height]
    return { left: `${x1}px`, top: `${y1}px`, width: `${x2 - x1}px`, height: `${y2 - y1}px` }
  })

  function down(event: PointerEvent): void {
    if (event.button !== 0 || !axes()) return
    const at = placeOf(event)
    if (!isInside(at)) return
    drag.value = { from: at, to: at }
    frame.value!.setPointerCapture(event.pointerId)
  }
  function move(event: PointerEvent): void {
    const at = placeOf(event)
    if (drag.value) drag.value = { ...drag.value, to: at }
    if (!isPinned.value) pointer.value = isInside(at) ? at : null
  }
  function up(): void {
    const done = drag.value
    drag.value = null
    if (!done || !axes()) return
    if (Math.abs(done.to.x - done.from.x) < shortestDrag) {
      if (Math.abs(done.to.y - done.from.y) < shortestDrag) pin(done.to)
      return
    }
    if (zoom() === 'none') return
    unpin()
    const dragged = (which: 'x' | 'y'): Range => {
      const [from, to] = [valueOf(which, done.from[which]), valueOf(which, done.to[which])].sort((a, b) => a - b)
      return { from, to }
    }
    const isFlat = Math.abs(done.to.y - done.from.y) < shortestDrag
    onZoom(zoom() === 'xy' && !isFlat ? { x: dragged('x'), y: dragged('y') } : { x: dragged('x') })
  }
  const cancel = () => (drag.value = null)
  const leave = () => {
    if (!isPinned.value) pointer.value = null
  }
  /** A press holds the reading where it is, the next one lets it go. */
  function pin(at: Place | null = pointer.value): void {
    isPinned.value = !isPinned.value && at !== null
    if (isPinned.value) pointer.value = at
  }
  function unpin(): void {
    isPinned.value = false
    pointer.value = null
  }
  // what is pinned is a place of the picture, and another picture has other things there
  watch([size.width, size.height], unpin)

  /** Shows `factor` times as much of x, around the pointer or the middle. */
  function zoomBy(factor: number): void {
    const shown = axes()
    if (!shown || zoom() === 'none') return
    const { range, kind } = shown.x
    const [from, to] = [position(range.from, kind), position(range.to, kind)]
    const middle = pointer.value ? position(valueOf('x', pointer.value.x), kind) : (from + to) / 2
    const scaled = (edge: number) => valueAt(middle + (edge - middle) * factor, kind)
    onZoom({ x: { from: scaled(from), to: scaled(to) } })
  }
  /** Moves the reading by pixels, from the middle where there is none yet. */
  function step(x: number, y: number): void {
    const { left, top, width, height } = plot.value
    const at = pointer.value ?? { x: left + width / 2, y: top + height / 2 }
    isPinned.value = false
    pointer.value = clamped({ x: at.x + x, y: at.y + y })
  }

  return { pointer, hover, hoverStyle, dragStyle, isPinned, pin, unpin, down, move, up, cancel, leave, zoomBy, step }
}
