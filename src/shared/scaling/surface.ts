// The parametric surface L(N, D) = E + A / N^alpha + B / D^beta (Hoffmann et al. 2022, approach 3), and what both of
// its fits share.
import type { FitStatus } from './curve.ts'
import type { SurfacePoint } from './points.ts'

export interface Surface {
  /** The loss that neither size nor data removes. */
  E: number
  A: number
  B: number
  alpha: number
  beta: number
}

export interface SurfaceFit extends Surface {
  form: 'surface' | 'surface-huber'
  points: number
  /** surface: sum of squared residuals of L. surface-huber: sum of Huber losses of ln L, delta 1e-3. */
  objective: number
  /** Standard deviation of (measured - law) / law. */
  residualStd: number
  status: FitStatus
}

export const evaluateSurface = ({ E, A, B, alpha, beta }: Surface, parameters: number, tokens: number): number =>
  E + A * parameters ** -alpha + B * tokens ** -beta

/** Columns that every evaluation reads, worked out once: ln N, ln D, ln L and L. */
export interface SurfaceColumns {
  logN: Float64Array
  logD: Float64Array
  logL: Float64Array
  loss: Float64Array
}

export const surfaceColumns = (points: readonly SurfacePoint[]): SurfaceColumns => ({
  logN: Float64Array.from(points, (point) => Math.log(point.parameters)),
  logD: Float64Array.from(points, (point) => Math.log(point.tokens)),
  logL: Float64Array.from(points, (point) => Math.log(point.loss)),
  loss: Float64Array.from(points, (point) => point.loss),
})

/**
 * How nearly some direction of parameter space leaves every prediction alone: the ratio of the largest to the smallest
 * singular value
 * of the sensitivities to E, ln A, ln B, alpha and beta, each scaled to length 1.
 */
function surfaceCondition({ E, A, B, alpha, beta }: Surface, { logN, logD }: SurfaceColumns): number {
  const rows = logN.length
  const columns = [
    new Float64Array(rows),
    new Float64Array(rows),
    new Float64Array(rows),
    new Float64Array(rows),
    new Float64Array(rows),
  ]
  for (let i = 0; i < rows; i++) {
    const n = A * Math.exp(-alpha * logN[i])
    const d = B * Math.exp(-beta * logD[i])
    columns[0][i] = E
    columns[1][i] = n
    columns[2][i] = d
    columns[3][i] = -n * logN[i]
    columns[4][i] = -d * logD[i]
  }
  for (const column of columns) {
    const length = Math.hypot(...column)
    for (let i = 0; i < rows; i++) column[i] /= length || 1
  }
  const gram = columns.map((a) => columns.map((b) => a.reduce((sum, value, i) => sum + value * b[i], 0)))
  const eigenvalues = symmetricEigenvalues(gram)
  return Math.sqrt(Math.max(...eigenvalues) / Math.max(Math.min(...eigenvalues), 1e-300))
}

/** A fit on an edge, or one whose parameters the data cannot tell apart, says so. */
export function surfaceStatus(surface: Surface, columns: SurfaceColumns, isAtBound: boolean): FitStatus {
  if (isAtBound || surface.E <= 0 || surface.A <= 0 || surface.B <= 0 || surface.alpha <= 0 || surface.beta <= 0)
    return 'bound-hit'
  if (columns.logN.length === 5) return 'exact'
  return surfaceCondition(surface, columns) > 1e5 ? 'ill-conditioned' : 'converged'
}

/** Eigenvalues of a small symmetric matrix, by Jacobi rotations. */
export function symmetricEigenvalues(matrix: readonly (readonly number[])[]): number[] {
  const a = matrix.map((row) => [...row])
  const n = a.length
  for (let sweep = 0; sweep < 60; sweep++) {
    let off = 0
    for (let p = 0; p < n; p++) for (let q = p + 1; q < n; q++) off += a[p][q] ** 2
    if (off < 1e-30) break
    for (let p = 0; p < n; p++) {
      for (let q = p + 1; q < n; q++) {
        if (a[p][q] === 0) continue
        const theta = (a[q][q] - a[p][p]) / (2 * a[p][q])
        const t = Math.sign(theta || 1) / (Math.abs(theta) + Math.sqrt(theta ** 2 + 1))
        const c = 1 / Math.sqrt(t ** 2 + 1)
        const s = t * c
        for (let k = 0; k < n; k++) [a[k][p], a[k][q]] = [c * a[k][p] - s * a[k][q], s * a[k][p] + c * a[k][q]]
        for (let k = 0; k < n; k++) [a[p][k], a[q][k]] = [c * a[p][k] - s * a[q][k], s * a[p][k] + c * a[q][k]]
      }
    }
  }
  return a.map((row, i) => row[i])
}
