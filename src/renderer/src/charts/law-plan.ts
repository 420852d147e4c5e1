// What a person chose to see of the law, and what there is to be seen.
import type { LossUnit } from '#shared/loss-unit.ts'
import type { Forecast } from '#shared/scaling/law.ts'
import type { LawInUnit } from '#shared/scaling/law-times.ts'
import type { Curve } from '../curves/curve.ts'
import type { LossFactor } from '#shared/loss-unit.ts'
import type { Overlay } from './overlays.ts'
import type { Limit, Range, ScaleKind } from './scale.ts'

export interface LawMember {
  id: string
  name: string
  colour: string
  symbol: string
  /** Training FLOPs per token and of the whole plan. */
  flopsPerToken: number
  flops: number
  curve: Curve | null
  /** Of the curve's losses, which are as they were recorded; absent: nats per token. All else is in the plan's unit. */
  factor?: LossFactor
  /** Final validation loss, null until finished. */
  loss: number | null
  /** Losses of repeats with other seeds, and their standard deviation; one or none, and null, without. */
  losses?: readonly number[]
  spread?: number | null
  /** A point a person took out of the fit; it stays on the chart, faint. */
  isExcluded: boolean
  forecast: Forecast | null
}

/** The members of one study and the law through them. */
export interface LawFamily {
  members: LawMember[]
  law: LawInUnit | null
}

/** A study laid beside the open one. */
export interface FamilyBeside extends LawFamily {
  id: string
  name: string
  /** Its law, its band and all its members. */
  hue: string
}

/** Which of a run's losses are drawn on the way to its final point. */
export type LawCurves = 'training' | 'validation' | 'none'

export interface LawPlan extends LawFamily {
  /** Name and hue of the open study where others lie beside it. */
  own?: { name: string; hue: string } | null
  beside?: readonly FamilyBeside[]
  /** Of all losses; absent: nats per token. */
  unit?: LossUnit
  xScale: ScaleKind
  yScale: ScaleKind
  curves: LawCurves
  showBand: boolean
  /** Only around the final losses, once there is one; else the curves from their first step. */
  isFocused?: boolean
  zoom: { x: Range; y?: Range } | null
  /** Where the axes begin and end; absent: by themselves. */
  xLimit?: Limit
  yLimit?: Limit
  pixels: number
  convention: string
  /** The lowest of all training curves at each compute; none where it is not wanted. */
  envelope?: readonly { flops: number; loss: number }[]
  /** Published laws and models to be laid over. */
  overlays?: readonly Overlay[]
}

/** A family as it is drawn: the open study's own series have no prefix in their ids. */
export interface DrawnFamily extends LawFamily {
  prefix: string
  name: string | null
  hue: string | null
}

export const familiesOf = (plan: LawPlan): DrawnFamily[] => [
  { prefix: '', name: plan.own?.name ?? null, hue: plan.own?.hue ?? null, members: plan.members, law: plan.law },
  ...(plan.beside ?? []).map(({ id, ...family }) => ({ ...family, prefix: `${id} ` })),
]
