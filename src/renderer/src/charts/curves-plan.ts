// What a person chose to see of the training curves.
import type { LossUnit } from '#shared/loss-unit.ts'
import type { CurveLine, CurveX, CurveY } from './curve-quantities.ts'
import type { Limit, Range, ScaleKind } from './scale.ts'

export interface CurvesPlan {
  lines: CurveLine[]
  x: CurveX
  y: CurveY
  /** That the lines' factors make of their losses; absent: nats per token. */
  unit?: LossUnit
  xScale: ScaleKind
  yScale: ScaleKind
  /** Share of a curve's own length over which it is averaged to each side; 0 shows only the raw line. */
  smoothing: number
  showTraining: boolean
  showValidation: boolean
  /** What a person zoomed to, in values of x and y. */
  zoom: { x: Range; y?: Range } | null
  /** Where the axes begin and end; absent: by themselves. */
  xLimit?: Limit
  yLimit?: Limit
  /** Only the last so many steps of the longest run. */
  lastSteps?: number | null
  /** Single steps far from the curve do not stretch the axis. */
  ignoreOutliers?: boolean
  /** Width of the plot in pixels. */
  pixels: number
  /** How FLOPs are counted, for the axis. */
  convention: string
}
