// IsoFLOP profiles (Hoffmann et al. 2022, approach 2): at each budget a parabola of loss against log size, then a line
// through the minima.
import { Fault } from '../fault.ts'
import { groupedBy } from '../grouped.ts'
import { fitLine, type LineFit } from './power-law.ts'

export interface IsoflopPoint {
  /** C, FLOPs: equal for all points of a profile. */
  budget: number
  /** N. */
  parameters: number
  /** D; without it C / (6 N), which holds where the budget was counted so. */
  tokens?: number
  loss: number
}

export interface IsoflopProfile {
  budget: number
  points: number
  /** N at the vertex, and the D that goes with it at this budget. */
  parameters: number
  tokens: number
  /** Loss of the parabola at its vertex. */
  loss: number
  /** Coefficient of (log10 N)². */
  curvature: number
  /** Why the vertex is not used, null when it is. */
  rejection: string | null
}

export interface IsoflopFit {
  profiles: IsoflopProfile[]
  /** log10 N* against log10 C: the slope is the exponent a. null with fewer than two usable profiles. */
  size: LineFit | null
  /** log10 D* against log10 C. */
  tokens: LineFit | null
  warning: string
}

/**
 * A parabola only resembles the profile: on Hoffmann's own surface, sampled evenly over 4 times to either side, it puts
 * N* 1.4 % too high.
 */
const isoflopWarning =
  'A parabola is only an approximation: its minimum lies slightly off (1.4 % too large on an exact surface sampled ' +
  'symmetrically, more where sizes lie to one side). The exponent suffers less than the sizes.'

/**
 * Profiles of all budgets, ascending. A profile needs three different sizes; its vertex must be a minimum inside the
 * sizes sampled.
 */
export function fitIsoflops(points: readonly IsoflopPoint[], fewestPoints = 3): IsoflopFit {
  points.forEach((point, i) => {
    for (const [value, name] of [
      [point.budget, 'budget'],
      [point.parameters, 'parameters'],
      [point.loss, 'loss'],
    ] as const) {
      if (!(value > 0) || !Number.isFinite(value))
        throw new Fault('bad-input', `Point ${i + 1}: its ${name} is ${value}; it must be a finite number above 0.`)
    }
  })
  const profiles = [...groupedBy(points, ({ budget }) => budget)]
    .sort(([a], [b]) => a - b)
    .map(([budget, profile]) => fitProfile(budget, profile, fewestPoints))
  const used = profiles.filter((profile) => profile.rejection === null)
  const logC = used.map((profile) => Math.log10(profile.budget))
  return {
    profiles,
    size:
      used.length < 2
        ? null
        : fitLine(
            logC,
            used.map((profile) => Math.log10(profile.parameters)),
          ),
    tokens:
      used.length < 2
        ? null
        : fitLine(
            logC,
            used.map((profile) => Math.log10(profile.tokens)),
          ),
    warning: isoflopWarning,
  }
}

function fitProfile(budget: number, points: IsoflopPoint[], fewestPoints: number): IsoflopProfile {
  const x = points.map((point) => Math.log10(point.parameters))
  const [least, most] = [Math.min(...x), Math.max(...x)]
  const unfit = { budget, points: points.length, parameters: NaN, tokens: NaN, loss: NaN, curvature: NaN }
  if (points.length < fewestPoints || new Set(x).size < 3) {
    return {
      ...unfit,
      rejection: `${points.length} points at ${new Set(x).size} sizes: a parabola needs ${Math.max(3, fewestPoints)}`,
    }
  }
  const centre = (least + most) / 2
  const { c0, c1, c2 } = fitParabola(
    x.map((value) => value - centre),
    points.map((point) => point.loss),
  )
  if (!(c2 > 0))
    return {
      ...unfit,
      curvature: c2,
      rejection: 'the loss has no minimum over these sizes: the parabola opens downwards',
    }
  const vertex = centre - c1 / (2 * c2)
  const parameters = 10 ** vertex
  const isInside = vertex >= least && vertex <= most
  return {
    budget,
    points: points.length,
    parameters,
    tokens: tokensAt(points, parameters, budget),
    loss: c0 - c1 ** 2 / (4 * c2),
    curvature: c2,
    rejection: isInside
      ? null
      : `the minimum lies outside the sizes trained: add ${vertex < least ? 'smaller' : 'larger'} members at this budget`,
  }
}

/**
 * Tokens of a size at this budget: read off the trainings, straight on logarithmic axes, so that any way of counting
 * FLOPs holds.
 */
function tokensAt(points: readonly IsoflopPoint[], parameters: number, budget: number): number {
  if (points.some(({ tokens }) => tokens === undefined)) return budget / (6 * parameters)
  const { slope, intercept } = fitLine(
    points.map((point) => Math.log10(point.parameters)),
    points.map((point) => Math.log10(point.tokens!)),
  )
  return 10 ** (intercept + slope * Math.log10(parameters))
}

/** Ordinary least squares for c0 + c1 x + c2 x², by orthogonal polynomials. */
function fitParabola(x: number[], y: number[]): { c0: number; c1: number; c2: number } {
  const n = x.length
  const dot = (a: number[], b: number[]) => a.reduce((sum, value, i) => sum + value * b[i], 0)
  const m = x.reduce((a, b) => a + b, 0) / n
  const p1 = x.map((value) => value - m)
  const s1 = dot(p1, p1)
  const square = p1.map((value) => value * value)
  const q0 = s1 / n
  const q1 = dot(square, p1) / s1
  const p2 = square.map((value, i) => value - q0 - q1 * p1[i])
  const b0 = y.reduce((a, b) => a + b, 0) / n
  const b1 = dot(y, p1) / s1
  const b2 = dot(y, p2) / dot(p2, p2)
  // Back to powers of x: p1 = x - m, p2 = (x - m)² - q0 - q1 (x - m).
  const linear = b1 - b2 * q1
  return { c2: b2, c1: linear - 2 * b2 * m, c0: b0 - b2 * q0 - linear * m + b2 * m * m }
}

/**
 * Trainings within this share of each other stand for one budget; the loss moves by far less than a parabola resolves.
 */
export const budgetTolerance = 0.05

/** How many budgets became how many; null where each stands for itself. */
export function gatheringRemark(given: readonly IsoflopPoint[], gathered: readonly IsoflopPoint[]): string | null {
  const count = (points: readonly IsoflopPoint[]) => new Set(points.map(({ budget }) => budget)).size
  return count(gathered) < count(given)
    ? `Budgets within ${Math.round(100 * budgetTolerance)} % of each other count as one: ${count(given)} became ${count(gathered)}.`
    : null
}

/**
 * Gathers points whose compute lies within the tolerance of the group's smallest, and gives each group one budget, its
 * geometric mean.
 */
export function gatherBudgets(points: readonly IsoflopPoint[]): IsoflopPoint[] {
  const groups: IsoflopPoint[][] = []
  for (const point of [...points].sort((a, b) => a.budget - b.budget)) {
    const last = groups[groups.length - 1]
    if (last && point.budget <= last[0].budget * (1 + budgetTolerance)) last.push(point)
    else groups.push([point])
  }
  return groups.flatMap((group) => {
    const budget = Math.exp(group.reduce((sum, point) => sum + Math.log(point.budget), 0) / group.length)
    return group.map((point) => ({ ...point, budget }))
  })
}
