// The points a law is fitted to, and the sentences for those no law can be fitted to.
import { Fault } from '../fault.ts'

/** One finished training on the chart. */
export interface LawPoint {
  /** Usually training compute in FLOPs; may be parameters or tokens. Above 0. */
  x: number
  /** Loss, nats per token. Above 0. */
  y: number
  name?: string
}

/** One training as a surface sees it. */
export interface SurfacePoint {
  /** N. */
  parameters: number
  /** D. */
  tokens: number
  /** Nats per token. */
  loss: number
  name?: string
}

/** How a sentence names the columns; from a file their own names. */
export interface ColumnNames {
  x: string
  y: string
}

const usualNames: ColumnNames = { x: 'compute', y: 'loss' }

/** Throws the sentence that says why `points` cannot determine a curve of `parameterCount` parameters. */
export function checkPoints(
  points: readonly LawPoint[],
  form: string,
  parameterCount: number,
  names: ColumnNames = usualNames,
): void {
  points.forEach((point, i) => {
    checkNumber(point.x, names.x, i, point.name)
    checkNumber(point.y, names.y, i, point.name)
  })
  checkCount(points.length, form, parameterCount)
  const distinct = new Set(points.map((point) => point.x)).size
  if (distinct === 1)
    throw new Fault(
      'bad-input',
      `All ${points.length} points have the same ${names.x}, ${points[0].x}: a curve needs different ones.`,
    )
  if (distinct < parameterCount) {
    throw new Fault(
      'bad-input',
      `${aForm(form)} has ${parameterCount} parameters; ${points.length} points at only ${distinct} different values of ${names.x} cannot determine them.`,
    )
  }
  if (points.every((point) => point.x === point.y)) {
    throw new Fault('bad-input', `${names.x} and ${names.y} hold the same numbers: name two different columns.`)
  }
}

/** Throws the sentence that says why `points` cannot determine a surface L(N, D). */
export function checkSurfacePoints(points: readonly SurfacePoint[], parameterCount = 5): void {
  points.forEach((point, i) => {
    checkNumber(point.parameters, 'parameters', i, point.name)
    checkNumber(point.tokens, 'tokens', i, point.name)
    checkNumber(point.loss, 'loss', i, point.name)
  })
  checkCount(points.length, 'surface', parameterCount)
  const problem = whyUndetermined(points)
  if (problem !== null) throw new Fault('bad-input', problem)
}

/** The same points in an order of their own, so that sums, and with them fits, do not depend on the order of a file. */
export const inOrder = (points: readonly SurfacePoint[]): SurfacePoint[] =>
  [...points].sort((a, b) => a.parameters - b.parameters || a.tokens - b.tokens || a.loss - b.loss)

/** Why points, however many, determine no surface L(N, D); null where they do. Its terms need three values each. */
export function whyUndetermined(points: readonly SurfacePoint[]): string | null {
  const n = points.map((point) => Math.log(point.parameters))
  const d = points.map((point) => Math.log(point.tokens))
  const all = `All ${points.length} points have the same`
  if (spread(n) < 1e-9) return `${all} parameters: a surface needs several sizes.`
  if (spread(d) < 1e-9) return `${all} tokens: a surface needs several lengths of training.`
  if (points.every((point) => point.parameters === point.tokens))
    return 'Parameters and tokens hold the same numbers: name two different columns.'
  // The published rule gives every member 20 tokens per parameter: on that line N and D say the same thing.
  if (residualSpread(n, d) < 1e-3) {
    return (
      'Tokens follow from parameters in all points, so A / Nᵅ and B / Dᵝ cannot be told apart. ' +
      'Add members trained on clearly more or fewer tokens, or fit a power law + constant along the line.'
    )
  }
  for (const [values, words, term] of [
    [n, 'sizes', 'A / Nᵅ'],
    [d, 'amounts of tokens', 'B / Dᵝ'],
  ] as const) {
    const different = new Set(values).size
    if (different < 3)
      return `The points have only ${different} different ${words}: ${term} cannot be told from E with fewer than 3. Add trainings at others.`
  }
  const places = new Set(points.map(({ parameters, tokens }) => `${parameters} ${tokens}`)).size
  return places >= 5
    ? null
    : `The points lie at only ${places} different sizes and amounts of tokens: a surface has 5 parameters. Add trainings at others.`
}

function checkNumber(value: number, column: string, index: number, name?: string): void {
  if (Number.isFinite(value) && value > 0) return
  const where = name ? `${name} (point ${index + 1})` : `Point ${index + 1}`
  const what = value === 0 ? 'is 0' : Number.isNaN(value) ? 'is not a number' : `is ${value}`
  throw new Fault('bad-input', `${where}: its ${column} ${what}; a law needs finite numbers above 0.`)
}

function checkCount(count: number, form: string, parameterCount: number): void {
  if (count >= parameterCount) return
  throw new Fault(
    'bad-input',
    `${aForm(form)} has ${parameterCount} parameters; ${count} ${count === 1 ? 'point' : 'points'} so far.`,
  )
}

const aForm = (form: string): string => `${/^[aeio]/.test(form) ? 'An' : 'A'} ${form}`

/** Largest minus smallest. */
const spread = (values: number[]): number =>
  values.reduce((a, b) => Math.max(a, b)) - values.reduce((a, b) => Math.min(a, b))

/** Root mean square of what a straight line from x leaves of y. */
function residualSpread(x: number[], y: number[]): number {
  const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length
  const [mx, my] = [mean(x), mean(y)]
  let xx = 0,
    xy = 0,
    yy = 0
  for (let i = 0; i < x.length; i++) {
    xx += (x[i] - mx) ** 2
    xy += (x[i] - mx) * (y[i] - my)
    yy += (y[i] - my) ** 2
  }
  return Math.sqrt(Math.max(0, yy - (xy * xy) / xx) / x.length)
}

/**
 * The points without the `count` highest losses, as Besiroglu et al. 2024 leave out five; ties with the last of those
 * go too.
 */
export function dropHighest<P extends { loss: number }>(points: readonly P[], count: number): P[] {
  if (count <= 0) return [...points]
  if (count >= points.length) return []
  const limit = points.map(({ loss }) => loss).sort((a, b) => b - a)[count - 1]
  return points.filter(({ loss }) => loss < limit)
}
