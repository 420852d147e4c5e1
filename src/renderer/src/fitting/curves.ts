// Both one-line laws through the points of a study, with their refits, so that any budget is answered without fitting
// again.
import { toFaultData } from '#shared/fault.ts'
import { bootstrapCurve, type CurveBootstrap, fitCurve } from '#shared/scaling/bootstrap.ts'
import { type CurveFit, type CurveForm, parameterCounts } from '#shared/scaling/curve.ts'
import { formNames } from '#shared/scaling/law.ts'
import { checkPoints, type LawPoint } from '#shared/scaling/points.ts'

/** `problem` is the sentence that says why there is no fit. */
export type FittedCurve = { name: string } & (
  | { fit: CurveFit; bootstrap: CurveBootstrap; problem: null }
  | { fit: null; bootstrap: null; problem: string }
)

export function fitCurves(points: readonly LawPoint[]): FittedCurve[] {
  const fitted = (name: string, form: CurveForm): FittedCurve => {
    try {
      checkPoints(points, formNames[form], parameterCounts[form])
      const fit = fitCurve(points, form)
      return { name, fit, bootstrap: bootstrapCurve(fit, points), problem: null }
    } catch (error) {
      return { name, fit: null, bootstrap: null, problem: toFaultData(error).message }
    }
  }
  return [fitted('Power law', 'power'), fitted('Power law + constant', 'offset-power')]
}
