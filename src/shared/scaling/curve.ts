// A fitted curve L(x) = (x / scale)^exponent + offset, whichever way it was found.

/** What the fit can and cannot be trusted for. */
export type FitStatus =
  | 'converged'
  | 'bound-hit' // the best offset (or coefficient) is its bound, 0: the data do not show it
  // very different parameters fit almost as well: trust predictions between the points, not the parameters
  | 'ill-conditioned'
  | 'exact' // as many points as parameters: nothing is left to judge the fit by

export interface CurveParameters {
  /** f0: where the power term is 1 nat. */
  scale: number
  /** -b, below 0 where the loss falls. */
  exponent: number
  /** c, the loss no compute removes; 0 in a pure power law. */
  offset: number
}

export type CurveForm = 'power' | 'offset-power'
/** `loss`: squares of L; `log-loss`: squares of ln L. */
export type CurveObjective = 'loss' | 'log-loss'

export interface CurveFit {
  form: CurveForm
  objective: CurveObjective
  parameters: CurveParameters
  /** ln of the power term at x = 1, -exponent · ln scale: finite where the scale itself would overflow. */
  logCoefficient: number
  points: number
  /** Sum of squares of the objective's residuals. */
  sse: number
  /** Standard deviation of (measured - law) / law over the points: 0.0066 is 0.66 %. */
  residualStd: number
  /** Of ln L, straight line only. */
  rSquared: number | null
  /** Standard errors of the straight line, natural logarithms; offset law: none (use the bootstrap). */
  errors: { slope: number; intercept: number } | null
  status: FitStatus
}

/** The law's loss at x. */
export const evaluateCurve = (fit: Pick<CurveFit, 'parameters' | 'logCoefficient'>, x: number): number =>
  Math.exp(fit.logCoefficient + fit.parameters.exponent * Math.log(x)) + fit.parameters.offset

/** A curve from printed constants. */
export const curveFromConstants = (parameters: CurveParameters): Pick<CurveFit, 'parameters' | 'logCoefficient'> => ({
  parameters,
  logCoefficient: -parameters.exponent * Math.log(parameters.scale),
})

/** Relative residuals (measured - law) / law. */
export const relativeResiduals = (
  fit: Pick<CurveFit, 'parameters' | 'logCoefficient'>,
  points: readonly { x: number; y: number }[],
): number[] => points.map(({ x, y }) => y / evaluateCurve(fit, x) - 1)

/** Standard deviation around the mean, n in the denominator, as Cerebras-GPT's 0.66 % is counted; 0 for none. */
export function standardDeviation(values: ArrayLike<number>): number {
  let sum = 0
  for (let i = 0; i < values.length; i++) sum += values[i]
  const mean = sum / values.length
  let squares = 0
  for (let i = 0; i < values.length; i++) squares += (values[i] - mean) ** 2
  return values.length === 0 ? 0 : Math.sqrt(squares / values.length)
}

/** Parameters a form has: what points must outnumber. */
export const parameterCounts: Record<CurveForm, number> = { power: 2, 'offset-power': 3 }
