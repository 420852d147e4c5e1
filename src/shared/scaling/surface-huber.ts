// Hoffmann's own objective: the sum of Huber losses (delta 1e-3) of ln L, with ln L̂ = logsumexp(a - alpha ln N, b -
// beta ln D, e).
import { relativeSpread } from './surface-least-squares.ts'
import { type Minimum, minimise, type Objective } from './lbfgs.ts'
import { checkSurfacePoints, inOrder, type SurfacePoint } from './points.ts'
import { type Surface, type SurfaceColumns, surfaceColumns, type SurfaceFit, surfaceStatus } from './surface.ts'

/** Residuals of ln L beyond this count by their size, not their square. */
const huberDelta = 1e-3

/** The grid of starts of Hoffmann et al. 2022, approach 3: 6 · 6 · 5 · 5 · 5 = 4,500. */
export const hoffmannGrid = {
  a: [0, 5, 10, 15, 20, 25],
  b: [0, 5, 10, 15, 20, 25],
  e: [-1, -0.5, 0, 0.5, 1],
  alpha: [0, 0.5, 1, 1.5, 2],
  beta: [0, 0.5, 1, 1.5, 2],
} as const

/**
 * The optimum lies near 1e-3, where an optimiser's usual stopping rules quit early (Besiroglu et al. 2024): the
 * objective is scaled up.
 */
const objectiveScale = 1e4

/** [a, b, e, alpha, beta]: ln A, ln B, ln E and the exponents. */
export type SurfaceLogs = Float64Array

export const surfaceFromLogs = ([a, b, e, alpha, beta]: ArrayLike<number> & Iterable<number>): Surface => ({
  E: Math.exp(e),
  A: Math.exp(a),
  B: Math.exp(b),
  alpha,
  beta,
})

export const logsOfSurface = ({ E, A, B, alpha, beta }: Surface): SurfaceLogs =>
  Float64Array.of(Math.log(A), Math.log(B), Math.log(E), alpha, beta)

/**
 * Value and analytic gradient, scaled by 1e4: the influence min(max(r, -delta), delta) of each residual times the
 * softmax weight of its term.
 * `counts` says how often each row is taken (bootstrap); null for once.
 */
export function createHuberObjective(
  { logN, logD, logL }: SurfaceColumns,
  counts: Float64Array | null = null,
): Objective {
  const rows = logN.length
  return (x, gradient) => {
    const a = x[0],
      b = x[1],
      e = x[2],
      alpha = x[3],
      beta = x[4]
    let value = 0,
      ga = 0,
      gb = 0,
      ge = 0,
      gAlpha = 0,
      gBeta = 0
    for (let i = 0; i < rows; i++) {
      const count = counts === null ? 1 : counts[i]
      if (count === 0) continue
      const n = a - alpha * logN[i]
      const d = b - beta * logD[i]
      // Softmax shifted by the largest term, whose own exponential is 1.
      let en = 1,
        ed = 1,
        ee = 1,
        top = 0
      if (n >= d && n >= e) {
        top = n
        ed = Math.exp(d - n)
        ee = Math.exp(e - n)
      } else if (d >= e) {
        top = d
        en = Math.exp(n - d)
        ee = Math.exp(e - d)
      } else {
        top = e
        en = Math.exp(n - e)
        ed = Math.exp(d - e)
      }
      const sum = en + ed + ee
      const r = top + Math.log(sum) - logL[i]
      const influence = r > huberDelta ? huberDelta : r < -huberDelta ? -huberDelta : r
      value += count * influence * (r - 0.5 * influence)
      const share = (count * influence) / sum
      const sn = share * en
      const sd = share * ed
      ga += sn
      gb += sd
      ge += share * ee
      gAlpha -= sn * logN[i]
      gBeta -= sd * logD[i]
    }
    gradient[0] = objectiveScale * ga
    gradient[1] = objectiveScale * gb
    gradient[2] = objectiveScale * ge
    gradient[3] = objectiveScale * gAlpha
    gradient[4] = objectiveScale * gBeta
    return objectiveScale * value
  }
}

export interface HuberSearch {
  fit: SurfaceFit
  logs: SurfaceLogs
  starts: number
  evaluations: number
}

/**
 * The best of all 4,500 starts. Every start descends for a while; the better ones go on, and the best few are brought
 * to the end
 * (successive halving), because most starts end in the same few valleys. Throws a Fault for points that determine no
 * surface.
 */
export function fitSurfaceHuber(points: readonly SurfacePoint[]): HuberSearch {
  checkSurfacePoints(points)
  const columns = surfaceColumns(inOrder(points))
  const objective = createHuberObjective(columns)
  let evaluations = 0
  const go = (from: Float64Array, maxEvaluations: number): Minimum => {
    const found = minimise(objective, from, { maxEvaluations, gradientTolerance: 1e-7, progressTolerance: 1e-12 })
    evaluations += found.evaluations
    return found
  }
  const starts = [...gridStarts()]
  let field = starts.map((start) => go(start, 24))
  for (const [keep, budget] of [
    [400, 60],
    [60, 200],
    [8, 3000],
  ]) {
    field.sort((p, q) => p.value - q.value)
    field = field.slice(0, keep).map((one) => (one.isConverged ? one : go(one.x, budget)))
  }
  field.sort((p, q) => p.value - q.value)
  const best = field[0]
  return { ...describe(best, columns), starts: starts.length, evaluations }
}

/** One descent from a known optimum, for refits of nearly the same data. */
export function refitSurfaceHuber(columns: SurfaceColumns, from: SurfaceLogs, counts: Float64Array | null): Minimum {
  return minimise(createHuberObjective(columns, counts), from, {
    maxEvaluations: 600,
    gradientTolerance: 1e-6,
    progressTolerance: 1e-7,
  })
}

function describe(best: Minimum, columns: SurfaceColumns): Pick<HuberSearch, 'fit' | 'logs'> {
  const surface = surfaceFromLogs(best.x)
  const isAtBound = surface.E < 1e-6 || !best.isConverged
  return {
    logs: best.x,
    fit: {
      form: 'surface-huber',
      ...surface,
      points: columns.logN.length,
      objective: best.value / objectiveScale,
      residualStd: relativeSpread(surface, columns),
      status: surfaceStatus(surface, columns, isAtBound),
    },
  }
}

function* gridStarts(): Generator<SurfaceLogs> {
  for (const a of hoffmannGrid.a)
    for (const b of hoffmannGrid.b)
      for (const e of hoffmannGrid.e) {
        for (const alpha of hoffmannGrid.alpha)
          for (const beta of hoffmannGrid.beta) yield Float64Array.of(a, b, e, alpha, beta)
      }
}
