// The offset power law L(x) = (x / x0)^-b + c with c >= 0, the form in which Cerebras-GPT's law is published.
import { type CurveFit, type CurveObjective, type FitStatus, relativeResiduals, standardDeviation } from './curve.ts'
import { goldenSection, scanned } from './golden-section.ts'
import { checkPoints, type ColumnNames, type LawPoint } from './points.ts'

/** Exponents searched: b from nearly flat to steeper than any loss was seen to fall. */
export const exponentRange = { smallest: 1e-3, largest: 3 } as const

/**
 * Least squares on L, or on ln L. For a given b the best coefficient and offset have a closed form, so the search is
 * over b alone:
 * a scan, then a golden section around its best. No starting values, no local minimum to get stuck in. `nearExponent`
 * narrows the scan for
 * refits of nearly the same points.
 */
export function fitOffsetPowerLaw(
  points: readonly LawPoint[],
  options: { objective?: CurveObjective; names?: ColumnNames; nearExponent?: number } = {},
): CurveFit {
  checkPoints(points, 'power law + constant', 3, options.names)
  const objective = options.objective ?? 'loss'
  const centre = points.reduce((sum, { x }) => sum + Math.log(x), 0) / points.length // keeps x^-b near 1
  const t = points.map(({ x }) => Math.log(x) - centre)
  const y = points.map((point) => point.y)
  const solve = (logExponent: number) => solveLinear(t, y, Math.exp(logExponent), objective)

  const [low, high] = searchRange(options.nearExponent)
  const misfit = (u: number) => solve(u).sse
  const around = scanned(misfit, low, high, options.nearExponent === undefined ? 160 : 40)
  const logExponent = goldenSection(misfit, around.low, around.high, 1e-11)

  const b = Math.exp(logExponent)
  const { coefficient, offset, sse } = solve(logExponent)
  const logCoefficient = Math.log(coefficient) + b * centre
  const fit: CurveFit = {
    form: 'offset-power',
    objective,
    parameters: { scale: Math.exp(logCoefficient / b), exponent: -b, offset },
    logCoefficient,
    points: points.length,
    sse,
    residualStd: 0,
    rSquared: null,
    errors: null,
    status: statusOf(points.length, offset, around.isAtEdge, sensitivity(t, b, coefficient, offset)),
  }
  return { ...fit, residualStd: standardDeviation(relativeResiduals(fit, points)) }
}

function searchRange(nearExponent?: number): [number, number] {
  const whole: [number, number] = [Math.log(exponentRange.smallest), Math.log(exponentRange.largest)]
  if (nearExponent === undefined) return whole
  const middle = Math.log(Math.abs(nearExponent))
  return [Math.max(whole[0], middle - 3), Math.min(whole[1], middle + 3)]
}

/**
 * Best K > 0 and c >= 0 of K e^(-b t) + c. On ln L by Newton steps on the weighted problem, started from the plain one.
 */
function solveLinear(
  t: number[],
  y: number[],
  b: number,
  objective: CurveObjective,
): { coefficient: number; offset: number; sse: number } {
  const power = t.map((value) => Math.exp(-b * value))
  let { coefficient, offset } = weighted(power, y, null)
  if (objective === 'loss') {
    return { coefficient, offset, sse: power.reduce((sum, p, i) => sum + (y[i] - coefficient * p - offset) ** 2, 0) }
  }
  const logSse = (k: number, c: number) => power.reduce((sum, p, i) => sum + Math.log(y[i] / (k * p + c)) ** 2, 0)
  let sse = logSse(coefficient, offset)
  for (let step = 0; step < 30; step++) {
    // Gauss-Newton on ln L: r ≈ ln(y / m) - (dK p + dc) / m, so the next linear problem has targets m (1 + ln(y / m))
    // and weights 1 / m².
    const model = power.map((p) => coefficient * p + offset)
    const next = weighted(
      power,
      model.map((m, i) => m * (1 + Math.log(y[i] / m))),
      model.map((m) => 1 / m ** 2),
    )
    let share = 1
    let found = sse
    while (share > 1e-6) {
      const k = coefficient + share * (next.coefficient - coefficient)
      const c = offset + share * (next.offset - offset)
      found = k > 0 && c >= 0 ? logSse(k, c) : Infinity
      if (found <= sse) {
        coefficient = k
        offset = c
        break
      }
      share /= 2
    }
    const gained = sse - Math.min(found, sse)
    sse = Math.min(found, sse)
    if (gained <= 1e-14 * sse) break
  }
  return { coefficient, offset, sse }
}

/** Weighted least squares for y ≈ K p + c with K > 0, c >= 0. */
function weighted(p: number[], y: number[], weights: number[] | null): { coefficient: number; offset: number } {
  let w = 0,
    wp = 0,
    wy = 0,
    wpp = 0,
    wpy = 0
  for (let i = 0; i < p.length; i++) {
    const weight = weights ? weights[i] : 1
    w += weight
    wp += weight * p[i]
    wy += weight * y[i]
    wpp += weight * p[i] * p[i]
    wpy += weight * p[i] * y[i]
  }
  const coefficient = (w * wpy - wp * wy) / (w * wpp - wp * wp)
  const offset = (wy - coefficient * wp) / w
  if (offset >= 0 && coefficient > 0) return { coefficient, offset }
  if (coefficient <= 0) return { coefficient: Number.MIN_VALUE, offset: wy / w } // a loss that does not fall: flat
  return { coefficient: wpy / wpp, offset: 0 }
}

/** How much of the exponent's effect coefficient and offset can imitate: 0 not at all, 1 wholly. */
function sensitivity(t: number[], b: number, coefficient: number, offset: number): number {
  const power = t.map((value) => Math.exp(-b * value))
  const slope = t.map((value, i) => -coefficient * value * power[i])
  const imitation = offset > 0 ? projectionShare(slope, power, 1) : projectionShare(slope, power, 0)
  return imitation
}

/** Share of v's length that lies in the plane of p and, where `constant` is 1, of the constant vector. */
function projectionShare(v: number[], p: number[], constant: 0 | 1): number {
  const dot = (a: number[], b: number[]) => a.reduce((sum, value, i) => sum + value * b[i], 0)
  const unit = (a: number[]) => {
    const length = Math.sqrt(dot(a, a))
    return a.map((value) => value / length)
  }
  const first = unit(p)
  const basis = [first]
  if (constant) {
    const one = p.map(() => 1)
    const along = dot(one, first)
    basis.push(unit(one.map((value, i) => value - along * first[i])))
  }
  return Math.sqrt(basis.reduce((sum, e) => sum + dot(v, e) ** 2, 0) / dot(v, v))
}

function statusOf(points: number, offset: number, isAtEdge: boolean, imitation: number): FitStatus {
  if (offset === 0 || isAtEdge) return 'bound-hit'
  if (points === 3) return 'exact'
  return imitation > 0.99999 ? 'ill-conditioned' : 'converged'
}
