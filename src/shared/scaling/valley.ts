// Where a loss is lowest among values that were tried: the best of them, and what lies between it and its neighbours.

export interface Tried {
  x: number
  /** null where the training diverged. */
  loss: number | null
}

export interface Valley {
  /** Of the values tried. */
  x: number
  loss: number
  /** Vertex of the parabola through the best point and its neighbours in ln x; x itself where there is none. */
  between: number
  /** Its loss. */
  least: number
  /** Best at an end of what was tried: the true best may lie beyond. */
  isAtEdge: boolean
  /** Which end. */
  side: 'low' | 'high' | null
  /** The neighbours that the parabola goes through; null where it has no vertex. */
  parabola: { from: number; to: number; curvature: number } | null
}

/**
 * null where nothing was trained to its end. What diverged was tried as well: a best value beside it is inside. With
 * `isLinear` the parabola runs over x itself, for fields that may be 0.
 */
export function valleyOf(points: readonly Tried[], isLinear = false): Valley | null {
  const tried = [...points].sort((a, b) => a.x - b.x)
  let at = -1
  for (const [i, { loss }] of tried.entries()) if (loss !== null && (at < 0 || loss < tried[at].loss!)) at = i
  if (at < 0) return null
  const { x, loss } = tried[at]
  const side = at === 0 ? 'low' : at === tried.length - 1 ? 'high' : null
  const none = { x, loss: loss!, between: x, least: loss!, isAtEdge: side !== null, side, parabola: null } as const
  const neighbours = side ? [] : [tried[at - 1], tried[at], tried[at + 1]]
  if (neighbours.length === 0 || neighbours.some((one) => one.loss === null)) return none
  const to = isLinear ? (value: number) => value : Math.log
  const [a, b, c] = neighbours.map((one) => to(one.x))
  const [fa, fb, fc] = neighbours.map((one) => one.loss!)
  // Newton's divided differences: f = fa + s (t - a) + q (t - a)(t - b).
  const s = (fb - fa) / (b - a)
  const q = ((fc - fb) / (c - b) - s) / (c - a)
  if (!(q > 0)) return none
  const vertex = (a + b) / 2 - s / (2 * q)
  const least = fa + s * (vertex - a) + q * (vertex - a) * (vertex - b)
  const ends = { from: neighbours[0].x, to: neighbours[2].x }
  return { ...none, between: isLinear ? vertex : Math.exp(vertex), least, parabola: { ...ends, curvature: q } }
}

/** The parabola's loss at a value. */
export function parabolaAt({ between, least, parabola }: Valley, x: number, isLinear = false): number | null {
  if (!parabola) return null
  const distance = isLinear ? x - between : Math.log(x / between)
  return least + parabola.curvature * distance ** 2
}
