// Least squares with coefficients that may not be negative, for the two or three terms of a law.

/**
 * Minimises ½ xᵀGx - rᵀx over x >= 0, with G the Gram matrix of the columns. Exact: tries every set of terms, largest
 * first,
 * and takes the feasible one with the smallest value.
 */
export function nonNegativeLeastSquares(gram: readonly (readonly number[])[], right: readonly number[]): number[] {
  const n = right.length
  let best: number[] = new Array<number>(n).fill(0)
  let bestValue = 0
  const all = 2 ** n - 1
  for (let set = all; set > 0; set--) {
    const chosen = Array.from({ length: n }, (_, i) => i).filter((i) => set & (1 << i))
    const solution = solveSymmetric(
      chosen.map((i) => chosen.map((j) => gram[i][j])),
      chosen.map((i) => right[i]),
    )
    if (!solution || solution.some((value) => !(value >= 0))) continue
    // at a stationary point xᵀGx = rᵀx
    const value = -0.5 * chosen.reduce((sum, i, k) => sum + right[i] * solution[k], 0)
    if (value < bestValue) {
      best = new Array<number>(n).fill(0)
      chosen.forEach((i, k) => (best[i] = solution[k]))
      bestValue = value
    }
    if (set === all) return best // the unconstrained optimum is feasible
  }
  return best
}

/** Cholesky; null where the matrix is not clearly positive definite. */
function solveSymmetric(matrix: number[][], right: number[]): number[] | null {
  const n = right.length
  const l = matrix.map((row) => [...row])
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = matrix[i][j]
      for (let k = 0; k < j; k++) sum -= l[i][k] * l[j][k]
      if (i !== j) l[i][j] = sum / l[j][j]
      else if (sum <= 1e-14 * matrix[i][i]) return null
      else l[i][i] = Math.sqrt(sum)
    }
  }
  const z = [...right]
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < i; k++) z[i] -= l[i][k] * z[k]
    z[i] /= l[i][i]
  }
  for (let i = n - 1; i >= 0; i--) {
    for (let k = i + 1; k < n; k++) z[i] -= l[k][i] * z[k]
    z[i] /= l[i][i]
  }
  return z
}
