// What is fitted in the background: hundreds of refits each, up to half a second of arithmetic that must not hold the
// window up.
import { type ComparisonOptions, compareStudies, type StudyComparison } from '#shared/comparison/compare.ts'
import type { StudyEvidence } from '#shared/comparison/evidence.ts'
import type { Pair } from '#shared/scaling/multiplier/pair-fit.ts'
import { type Law, lawOf, type LawOptions } from '#shared/scaling/law.ts'
import type { LawPoint, SurfacePoint } from '#shared/scaling/points.ts'
import { repeatedOf, type RepeatedFit, type RepeatedPoint } from '#shared/scaling/repeated.ts'
import { fitCurves, type FittedCurve } from './curves.ts'
import { fitSurfaces, type FittedSurface } from './surfaces.ts'

interface LawRequest {
  points: LawPoint[]
  options: Partial<LawOptions>
}

export interface FitJobs {
  law: (request: LawRequest) => Law
  /** Of several studies. */
  laws: (requests: LawRequest[]) => Law[]
  curves: (points: LawPoint[]) => FittedCurve[]
  surfaces: (points: SurfacePoint[]) => FittedSurface[]
  /** Null where no text was read often enough to say. */
  repeated: (points: RepeatedPoint[]) => RepeatedFit | null
  comparison: (request: { evidence: Pair<StudyEvidence>; options: ComparisonOptions }) => StudyComparison
}

export const fitJobs: FitJobs = {
  law: ({ points, options }) => lawOf(points, options),
  laws: (requests) => requests.map(({ points, options }) => lawOf(points, options)),
  curves: fitCurves,
  surfaces: fitSurfaces,
  repeated: repeatedOf,
  comparison: ({ evidence, options }) => compareStudies(evidence, options),
}

export type FitKind = keyof FitJobs
export type FitRequest<K extends FitKind> = Parameters<FitJobs[K]>[0]
export type Fitted<K extends FitKind> = ReturnType<FitJobs[K]>
