// What a person chose to see of the training curves.
import type { CurveLine, CurveX, CurveY } from './curve-quantities.ts'
import type { Range, ScaleKind } from './scale.ts'

export interface CurvesPlan {
  lines: CurveLine[]
  x: CurveX
  y: CurveY
  xScale: ScaleKind
  yScale: ScaleKind
  /** Share of a curve's own length over which it is averaged to each side; 0 shows only the raw line. */
  smoothing: number
  showTraining: boolean
  showValidation: boolean
  /** What a person zoomed to, in values of x and y. */
  zoom: { x: Range; y?: Range } | null
  /** Width of the plot in pixels. */
  pixels: number
  /** How FLOPs are counted, for the axis. */
  convention: string
}
