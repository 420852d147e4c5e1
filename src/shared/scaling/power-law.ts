// The pure power law: a straight line through ln L against ln x.
import { type CurveFit, relativeResiduals, standardDeviation } from './curve.ts'
import { checkPoints, type ColumnNames, type LawPoint } from './points.ts'

/** A straight line by ordinary least squares, with standard errors. */
export interface LineFit {
  slope: number
  intercept: number
  slopeError: number
  interceptError: number
  rSquared: number
  sse: number
}

/** y = intercept + slope · x. Two points give a line without errors (0). */
export function fitLine(x: readonly number[], y: readonly number[]): LineFit {
  const n = x.length
  const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / n
  const [mx, my] = [mean(x), mean(y)]
  let xx = 0,
    xy = 0,
    yy = 0
  for (let i = 0; i < n; i++) {
    xx += (x[i] - mx) ** 2
    xy += (x[i] - mx) * (y[i] - my)
    yy += (y[i] - my) ** 2
  }
  const slope = xy / xx
  const intercept = my - slope * mx
  let sse = 0
  for (let i = 0; i < n; i++) sse += (y[i] - intercept - slope * x[i]) ** 2
  const variance = n > 2 ? sse / (n - 2) : 0
  return {
    slope,
    intercept,
    sse,
    slopeError: Math.sqrt(variance / xx),
    interceptError: Math.sqrt(variance * (1 / n + mx ** 2 / xx)),
    rSquared: yy > 0 ? 1 - sse / yy : 1,
  }
}

/** L = (x / scale)^exponent, least squares on ln L. Throws a Fault for points that determine no line. */
export function fitPowerLaw(points: readonly LawPoint[], names?: ColumnNames): CurveFit {
  checkPoints(points, 'power law', 2, names)
  const line = fitLine(
    points.map(({ x }) => Math.log(x)),
    points.map(({ y }) => Math.log(y)),
  )
  const fit: CurveFit = {
    form: 'power',
    objective: 'log-loss',
    parameters: { scale: Math.exp(-line.intercept / line.slope), exponent: line.slope, offset: 0 },
    logCoefficient: line.intercept,
    points: points.length,
    sse: line.sse,
    residualStd: 0,
    rSquared: line.rSquared,
    errors: { slope: line.slopeError, intercept: line.interceptError },
    status: points.length === 2 ? 'exact' : 'converged',
  }
  return { ...fit, residualStd: standardDeviation(relativeResiduals(fit, points)) }
}
