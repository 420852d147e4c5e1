// Where the window was left, and where it may open: always on a screen that is there, never smaller than it can be
// used.

export interface Rectangle {
  x: number
  y: number
  width: number
  height: number
}

export interface WindowState {
  /** Of the window when it is neither maximised nor full screen. */
  bounds: Rectangle
  isMaximized: boolean
}

export const smallestWindow = { width: 1024, height: 700 }
const usualWindow = { width: 1360, height: 880 }
/** Of the title bar, px each way: enough to take hold of the window. */
const gripPixels = 80

/** A state as remembered, or null when it is not one. */
export function parseWindowState(value: unknown): WindowState | null {
  const state = value as Partial<WindowState> | null
  if (typeof state !== 'object' || state === null || typeof state.bounds !== 'object' || state.bounds === null)
    return null
  const { x, y, width, height } = state.bounds
  if (![x, y, width, height].every((number) => Number.isFinite(number))) return null
  return { bounds: { x, y, width, height }, isMaximized: state.isMaximized === true }
}

/** Where to open, given the work areas of the screens; `null` position lets the system choose. */
export function placeWindow(
  state: WindowState | null,
  screens: readonly Rectangle[],
): Partial<Rectangle> & { width: number; height: number } {
  const wanted = state?.bounds ?? usualWindow
  const isVisible = (area: Rectangle, at: Rectangle): boolean =>
    at.x + at.width - gripPixels >= area.x &&
    at.x + gripPixels <= area.x + area.width &&
    at.y >= area.y &&
    at.y + gripPixels <= area.y + area.height
  const home = state ? screens.find((area) => isVisible(area, state.bounds)) : undefined
  const area = home ?? screens[0]
  const fit = (size: number, smallest: number, room: number | undefined): number =>
    Math.round(Math.max(smallest, Math.min(size, room ?? size)))
  const size = {
    width: fit(wanted.width, smallestWindow.width, area?.width),
    height: fit(wanted.height, smallestWindow.height, area?.height),
  }
  return state && home ? { x: Math.round(state.bounds.x), y: Math.round(state.bounds.y), ...size } : size
}
