// L-BFGS for the few-parameter objectives of this folder: two-loop recursion over the last steps (Liu & Nocedal 1989),
// Wolfe line search.

/** Writes the gradient into `gradient` and returns the value. */
export type Objective = (x: Float64Array, gradient: Float64Array) => number

export interface Minimum {
  x: Float64Array
  value: number
  evaluations: number
  /** Whether the gradient or the progress fell below its tolerance; false where the evaluations ran out. */
  isConverged: boolean
}

export interface LbfgsOptions {
  /** Largest absolute entry of the gradient at which to stop. */
  gradientTolerance: number
  /** Stop when ten steps together improve the value by less than this share of it. */
  progressTolerance: number
  maxEvaluations: number
  /** Steps remembered. */
  memory: number
}

const defaults: LbfgsOptions = { gradientTolerance: 1e-9, progressTolerance: 1e-13, maxEvaluations: 400, memory: 8 }

/** Minimises from `start`, which is left alone. */
export function minimise(objective: Objective, start: Float64Array, options: Partial<LbfgsOptions> = {}): Minimum {
  const { gradientTolerance, progressTolerance, maxEvaluations, memory } = { ...defaults, ...options }
  const n = start.length
  let x = Float64Array.from(start)
  let gradient = new Float64Array(n)
  let value = objective(x, gradient)
  let evaluations = 1
  let tried = new Float64Array(n)
  let triedGradient = new Float64Array(n)
  const direction = new Float64Array(n)
  const steps: Float64Array[] = Array.from({ length: memory }, () => new Float64Array(n))
  const changes: Float64Array[] = Array.from({ length: memory }, () => new Float64Array(n))
  const inverse = new Float64Array(memory)
  const alpha = new Float64Array(memory)
  let kept = 0
  let next = 0
  let tenAgo = Infinity
  if (!Number.isFinite(value)) return { x, value, evaluations, isConverged: false }

  for (let iteration = 0; ; iteration++) {
    if (largest(gradient) <= gradientTolerance) return { x, value, evaluations, isConverged: true }
    if (iteration % 10 === 9) {
      if (tenAgo - value <= progressTolerance * Math.abs(value)) return { x, value, evaluations, isConverged: true }
      tenAgo = value
    }
    // direction = -H · gradient
    for (let i = 0; i < n; i++) direction[i] = -gradient[i]
    for (let k = 1; k <= kept; k++) {
      const j = (next - k + memory) % memory
      alpha[j] = inverse[j] * dot(steps[j], direction)
      for (let i = 0; i < n; i++) direction[i] -= alpha[j] * changes[j][i]
    }
    if (kept > 0) {
      const j = (next - 1 + memory) % memory
      const scale = 1 / (inverse[j] * dot(changes[j], changes[j]))
      for (let i = 0; i < n; i++) direction[i] *= scale
    }
    for (let k = kept; k >= 1; k--) {
      const j = (next - k + memory) % memory
      const beta = inverse[j] * dot(changes[j], direction)
      for (let i = 0; i < n; i++) direction[i] += (alpha[j] - beta) * steps[j][i]
    }
    let slope = dot(gradient, direction)
    if (!(slope < 0)) {
      // no descent: forget the past
      kept = 0
      for (let i = 0; i < n; i++) direction[i] = -gradient[i]
      slope = dot(gradient, direction)
    }

    // Weak Wolfe conditions by bracketing and halving; on a nearly kinked objective (Huber with a small delta) it is
    // the sturdy choice.
    let [low, high] = [0, Infinity]
    let length = kept === 0 ? Math.min(1, 1 / Math.sqrt(dot(gradient, gradient))) : 1
    let triedValue = Infinity
    let isFound = false
    while (evaluations < maxEvaluations) {
      for (let i = 0; i < n; i++) tried[i] = x[i] + length * direction[i]
      triedValue = objective(tried, triedGradient)
      evaluations++
      if (!(triedValue <= value + 1e-4 * length * slope)) high = length
      else if (dot(triedGradient, direction) < 0.9 * slope) low = length
      else {
        isFound = true
        break
      }
      length = high === Infinity ? 2 * low : (low + high) / 2
      if (high - low < 1e-12 * (high === Infinity ? 1 : high)) break
    }
    if (!isFound && !(triedValue < value)) {
      if (kept > 0 && evaluations < maxEvaluations) {
        kept = 0 // the remembered curvature misled: once more along the gradient
        continue
      }
      return { x, value, evaluations, isConverged: evaluations < maxEvaluations }
    }
    const s = steps[next]
    const y = changes[next]
    for (let i = 0; i < n; i++) {
      s[i] = tried[i] - x[i]
      y[i] = triedGradient[i] - gradient[i]
    }
    const curvature = dot(s, y)
    if (curvature > 1e-300 + 1e-16 * dot(y, y)) {
      inverse[next] = 1 / curvature
      next = (next + 1) % memory
      kept = Math.min(kept + 1, memory)
    }
    ;[x, tried] = [tried, x]
    ;[gradient, triedGradient] = [triedGradient, gradient]
    value = triedValue
    if (evaluations >= maxEvaluations) return { x, value, evaluations, isConverged: false }
  }
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i]
  return sum
}

function largest(a: Float64Array): number {
  let most = 0
  for (let i = 0; i < a.length; i++) most = Math.max(most, Math.abs(a[i]))
  return most
}
