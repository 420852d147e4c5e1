// The surface by variable projection: for given exponents the best E, A and B have a closed form, so only alpha and
// beta are searched.
import { minimise, type Objective } from './lbfgs.ts'
import { nonNegativeLeastSquares } from './non-negative.ts'
import { standardDeviation } from './curve.ts'
import { checkSurfacePoints, inOrder, type SurfacePoint } from './points.ts'
import { type Surface, type SurfaceColumns, surfaceColumns, type SurfaceFit, surfaceStatus } from './surface.ts'

const exponents = { smallest: 0.01, largest: 3, scan: 28 } as const

/**
 * Least squares on L with E, A, B >= 0: a scan over both exponents, then L-BFGS from the best few. Throws a Fault for
 * points that determine no surface.
 */
export function fitSurface(points: readonly SurfacePoint[]): SurfaceFit {
  checkSurfacePoints(points)
  return fitSurfaceColumns(surfaceColumns(inOrder(points)), null, null)
}

/** The same from prepared columns; `counts` repeats rows (bootstrap), `near` skips the scan. */
export function fitSurfaceColumns(
  columns: SurfaceColumns,
  counts: Float64Array | null,
  near: Surface | null,
): SurfaceFit {
  const reduced = createReducedProblem(columns, counts)
  const starts = near ? [Float64Array.of(Math.log(near.alpha), Math.log(near.beta))] : bestOfScan(reduced)
  const found = starts.map((start) =>
    minimise(reduced.objective, start, { gradientTolerance: 1e-12, progressTolerance: 1e-14, maxEvaluations: 200 }),
  )
  const best = found.reduce((p, q) => (q.value < p.value ? q : p))
  const [alpha, beta] = [Math.exp(best.x[0]), Math.exp(best.x[1])]
  const { E, A, B } = reduced.solve(alpha, beta)
  const surface = { E, A, B, alpha, beta }
  const isAtEdge = [alpha, beta].some((value) => value < exponents.smallest || value > exponents.largest)
  return {
    form: 'surface',
    ...surface,
    points: columns.logN.length,
    objective: reduced.sse(alpha, beta),
    residualStd: relativeSpread(surface, columns),
    status: surfaceStatus(surface, columns, isAtEdge),
  }
}

/** Standard deviation of (measured - law) / law. */
export function relativeSpread({ E, A, B, alpha, beta }: Surface, { logN, logD, loss }: SurfaceColumns): number {
  const residuals: number[] = []
  for (let i = 0; i < loss.length; i++) {
    residuals.push(loss[i] / (E + A * Math.exp(-alpha * logN[i]) + B * Math.exp(-beta * logD[i])) - 1)
  }
  return standardDeviation(residuals)
}

interface ReducedProblem {
  /**
   * Mean squared residual and its gradient over [ln alpha, ln beta]; E, A, B at their best move the value only to
   * second order.
   */
  objective: Objective
  solve(alpha: number, beta: number): { E: number; A: number; B: number }
  /** Sum of squares at the best E, A, B. */
  sse(alpha: number, beta: number): number
}

function createReducedProblem({ logN, logD, loss }: SurfaceColumns, counts: Float64Array | null): ReducedProblem {
  const rows = loss.length
  const [centreN, centreD] = [mean(logN), mean(logD)] // powers around 1, so that the three columns have like sizes
  const n = new Float64Array(rows)
  const d = new Float64Array(rows)
  const gram = [
    [0, 0, 0],
    [0, 0, 0],
    [0, 0, 0],
  ]
  const right = [0, 0, 0]

  function centred(alpha: number, beta: number): [number, number, number] {
    let w = 0,
      wn = 0,
      wd = 0,
      nn = 0,
      nd = 0,
      dd = 0,
      wy = 0,
      ny = 0,
      dy = 0
    for (let i = 0; i < rows; i++) {
      const count = counts === null ? 1 : counts[i]
      const p = (n[i] = Math.exp(-alpha * (logN[i] - centreN)))
      const q = (d[i] = Math.exp(-beta * (logD[i] - centreD)))
      w += count
      wn += count * p
      wd += count * q
      nn += count * p * p
      nd += count * p * q
      dd += count * q * q
      wy += count * loss[i]
      ny += count * p * loss[i]
      dy += count * q * loss[i]
    }
    gram[0][0] = w
    gram[0][1] = gram[1][0] = wn
    gram[0][2] = gram[2][0] = wd
    gram[1][1] = nn
    gram[1][2] = gram[2][1] = nd
    gram[2][2] = dd
    right[0] = wy
    right[1] = ny
    right[2] = dy
    return nonNegativeLeastSquares(gram, right) as [number, number, number]
  }

  function measure(alpha: number, beta: number, gradient: Float64Array | null): number {
    const [E, A, B] = centred(alpha, beta)
    let sse = 0,
      gAlpha = 0,
      gBeta = 0,
      total = 0
    for (let i = 0; i < rows; i++) {
      const count = counts === null ? 1 : counts[i]
      const r = E + A * n[i] + B * d[i] - loss[i]
      sse += count * r * r
      total += count
      gAlpha -= count * r * A * n[i] * (logN[i] - centreN)
      gBeta -= count * r * B * d[i] * (logD[i] - centreD)
    }
    if (gradient) {
      gradient[0] = (2 * gAlpha * alpha) / total
      gradient[1] = (2 * gBeta * beta) / total
      return sse / total
    }
    return sse
  }

  return {
    objective: (x, gradient) => measure(Math.exp(x[0]), Math.exp(x[1]), gradient),
    solve: (alpha, beta) => {
      const [E, A, B] = centred(alpha, beta)
      return { E, A: A * Math.exp(alpha * centreN), B: B * Math.exp(beta * centreD) }
    },
    sse: (alpha, beta) => measure(alpha, beta, null),
  }
}

/** The four best cells of a grid that is even in the logarithms of both exponents. */
function bestOfScan(reduced: ReducedProblem): Float64Array[] {
  const { smallest, largest, scan } = exponents
  const at = (i: number) => Math.log(smallest) + ((i + 0.5) / scan) * Math.log(largest / smallest)
  const cells: { x: Float64Array; sse: number }[] = []
  for (let i = 0; i < scan; i++) {
    for (let j = 0; j < scan; j++)
      cells.push({ x: Float64Array.of(at(i), at(j)), sse: reduced.sse(Math.exp(at(i)), Math.exp(at(j))) })
  }
  return cells
    .sort((p, q) => p.sse - q.sse)
    .slice(0, 4)
    .map((cell) => cell.x)
}

const mean = (values: Float64Array): number => values.reduce((a, b) => a + b, 0) / values.length
