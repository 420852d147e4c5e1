// Where a function of one number is least: a scan between two ends, then a golden section around its best.

export interface Scanned {
  /** The best place, and what the function is there. */
  at: number
  least: number
  isAtEdge: boolean
  /** Its neighbours, between which the least must lie. */
  low: number
  high: number
}

/** The best of `steps` + 1 places, evenly spaced. */
export function scanned(f: (u: number) => number, from: number, to: number, steps: number): Scanned {
  const at = (i: number) => from + (Math.min(steps, Math.max(0, i)) / steps) * (to - from)
  let best = 0
  let least = Infinity
  for (let i = 0; i <= steps; i++) {
    const value = f(at(i))
    if (value < least) [best, least] = [i, value]
  }
  return { at: at(best), least, isAtEdge: best === 0 || best === steps, low: at(best - 1), high: at(best + 1) }
}

/** The smallest of a function with one valley between two ends. */
export function goldenSection(f: (u: number) => number, from: number, to: number, tolerance: number): number {
  const ratio = (Math.sqrt(5) - 1) / 2
  let [a, b] = [from, to]
  let [c, d] = [b - ratio * (b - a), a + ratio * (b - a)]
  let [fc, fd] = [f(c), f(d)]
  for (let i = 0; i < 90 && b - a > tolerance; i++) {
    if (fc <= fd) {
      ;[b, d, fd] = [d, c, fc]
      c = b - ratio * (b - a)
      fc = f(c)
    } else {
      ;[a, c, fc] = [c, d, fd]
      d = a + ratio * (b - a)
      fd = f(d)
    }
  }
  return (a + b) / 2
}
