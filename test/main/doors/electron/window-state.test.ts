// Where the window opens again.
import { describe, expect, it } from 'vitest'
import { parseWindowState, placeWindow } from '#main/doors/electron/window-state.ts'

const laptop = { x: 0, y: 25, width: 1440, height: 875 }
const second = { x: 1440, y: 0, width: 2560, height: 1440 }
const state = (x: number, y: number, width = 1200, height = 800) => ({
  bounds: { x, y, width, height },
  isMaximized: false,
})

describe('the window', () => {
  it('opens where it was left', () => {
    expect(placeWindow(state(100, 60), [laptop])).toEqual({ x: 100, y: 60, width: 1200, height: 800 })
    expect(placeWindow(state(1900, 200, 1600, 1000), [laptop, second])).toEqual({
      x: 1900,
      y: 200,
      width: 1600,
      height: 1000,
    })
  })

  it('comes back to a screen that is there when its own is gone', () => {
    for (const lost of [state(1900, 200), state(-5000, 60), state(100, 5000), state(100, -3000)]) {
      const place = placeWindow(lost, [laptop])
      expect(place).not.toHaveProperty('x')
      expect(place.width).toBeLessThanOrEqual(laptop.width)
    }
  })

  it('keeps its title bar within reach', () => {
    expect(placeWindow(state(1400, 60), [laptop])).not.toHaveProperty('x')
    expect(placeWindow(state(100, 0), [laptop])).not.toHaveProperty('y')
    expect(placeWindow(state(1300, 60), [laptop])).toMatchObject({ x: 1300 })
  })

  it('is never smaller than it can be used, nor larger than its screen', () => {
    expect(placeWindow(state(10, 30, 300, 200), [laptop])).toMatchObject({ width: 1024, height: 700 })
    expect(placeWindow(state(10, 30, 4000, 3000), [laptop])).toMatchObject({ width: 1440, height: 875 })
    expect(placeWindow(null, [laptop])).toEqual({ width: 1360, height: 875 })
  })

  it('forgets what is no place', () => {
    for (const value of [
      null,
      undefined,
      5,
      'x',
      {},
      { bounds: null },
      { bounds: { x: 1, y: 2, width: 3 } },
      { bounds: { x: '1', y: 2, width: 3, height: 4 } },
      { bounds: { x: NaN, y: 0, width: 1, height: 1 } },
    ]) {
      expect(parseWindowState(value)).toBeNull()
    }
    expect(parseWindowState({ bounds: { x: 1, y: 2, width: 3, height: 4, z: 9 }, isMaximized: true })).toEqual({
      bounds: { x: 1, y: 2, width: 3, height: 4 },
      isMaximized: true,
    })
  })
})
