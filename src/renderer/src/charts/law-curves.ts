// The members' losses on the way to their final points: smoothed training losses, or those on text that was set aside.
import type { Curve } from '../curves/curve.ts'
import { nearest } from '../curves/curve.ts'
import { decimate } from '../curves/decimate.ts'
import { inNats } from '#shared/loss-unit.ts'
import { reachOf, smooth } from '../curves/smooth.ts'
import { familiesOf, type LawMember, type LawPlan } from './law-plan.ts'
import { position, type Range } from './scale.ts'
import type { RunStrokes } from './stroke-series.ts'

/** Of a training curve, averaged to each side. */
const smoothing = 0.015

const known = new WeakMap<Curve, { key: string; points: Float64Array }>()

/** Positions of one member's curve, worked out once while nothing changes. */
function pointsOf(
  { curve, flopsPerToken, factor = inNats }: LawMember,
  plan: LawPlan,
  within: Range | null,
): Float64Array {
  if (!curve || plan.curves === 'none') return new Float64Array(0)
  const { curves, xScale, yScale } = plan
  const buckets = Math.max(50, Math.min(1200, Math.round(plan.pixels)))
  const size = curves === 'training' ? curve.length : curve.validations.length
  const times = curves === 'training' ? factor.training : factor.validation
  const key = [
    curve.generation,
    size,
    flopsPerToken,
    times,
    within?.from,
    within?.to,
    curves,
    xScale,
    yScale,
    buckets,
  ].join()
  const before = known.get(curve)
  if (before?.key === key) return before.points
  const spot = (tokens: number, loss: number) => [
    position(tokens * flopsPerToken, xScale),
    position(loss * times, yScale),
  ]
  const points = Float64Array.from(
    curves === 'validation'
      ? curve.validations.filter(({ tokens }) => tokens > 0).flatMap(({ tokens, loss }) => spot(tokens, loss))
      : trainingPoints(curve, flopsPerToken, within, buckets, xScale === 'log').flatMap(([at, loss]) => spot(at, loss)),
  )
  known.set(curve, { key, points })
  return points
}

/** The first steps, where every model only learns that letters exist, are kept too. */
function trainingPoints(
  curve: Curve,
  perToken: number,
  within: Range | null,
  buckets: number,
  isLog: boolean,
): [number, number][] {
  if (!curve.length) return []
  const { tokens, loss } = curve.columns
  const mean = smooth(curve, 'loss', loss, reachOf(curve, smoothing))
  const range = within
    ? { from: within.from / perToken, to: within.to / perToken }
    : { from: tokens[0], to: tokens[curve.length - 1] }
  return decimate(tokens, mean, curve.length, { ...range, buckets, isLog }).map((i) => [tokens[i], mean[i]])
}

/** The curves of all members that have one, as strokes for a canvas. */
export const lawStrokes = (plan: LawPlan, isLive: (memberId: string) => boolean = () => false): RunStrokes[] =>
  familiesOf(plan).flatMap(({ prefix, members }) =>
    members.flatMap((member): RunStrokes[] => {
      const points = pointsOf(member, plan, plan.zoom?.x ?? null)
      if (points.length === 0) return []
      const id = prefix + member.id
      const key = [id, member.colour, member.symbol, points.length, known.get(member.curve!)!.key].join(' ')
      const base = { points, colour: member.colour, opacity: 0.75, isDashed: false }
      const isValidation = plan.curves === 'validation'
      return [
        {
          id,
          key,
          isLive: isLive(id),
          strokes: [
            { ...base, part: isValidation ? 'validation' : 'mean', width: 1.25, symbol: null, isDashed: isValidation },
          ],
        },
      ]
    }),
  )

export interface CurveReading {
  id: string
  name: string
  colour: string
  loss: number
}

/** Curves read at once. */
const mostRead = 8

/** What each drawn curve says at so much compute, the nearest to the pointer, highest first. */
export function readLawCurves(plan: LawPlan, x: number, y: number): { lines: CurveReading[]; more: number } {
  if (plan.curves === 'none') return { lines: [], more: 0 }
  const all = familiesOf(plan).flatMap(({ prefix, name: study, members }) =>
    members.flatMap((member): CurveReading[] => {
      const loss = lossAt(member, plan.curves, x)
      const name = study === null ? member.name : `${member.name} · ${study}`
      return loss === null ? [] : [{ id: prefix + member.id, name, colour: member.colour, loss }]
    }),
  )
  const away = ({ loss }: CurveReading) => Math.abs(position(loss, plan.yScale) - position(y, plan.yScale))
  const near = [...all].sort((a, b) => away(a) - away(b)).slice(0, mostRead)
  return { lines: near.sort((a, b) => b.loss - a.loss), more: all.length - near.length }
}

/** Null outside the curve. */
function lossAt(
  { curve, flopsPerToken, factor = inNats }: LawMember,
  curves: LawPlan['curves'],
  x: number,
): number | null {
  if (!curve || flopsPerToken <= 0) return null
  const at = x / flopsPerToken
  if (curves === 'validation') {
    const tokens = curve.validations.map((record) => record.tokens)
    const i = nearest(tokens, tokens.length, at)
    return i < 0 || at > tokens[tokens.length - 1] * 1.02 || at < tokens[0] * 0.98
      ? null
      : curve.validations[i].loss * factor.validation
  }
  const { tokens, loss } = curve.columns
  const i = nearest(tokens, curve.length, at)
  if (i < 0 || at > tokens[curve.length - 1] * 1.02 || at < tokens[0]) return null
  return smooth(curve, 'loss', loss, reachOf(curve, smoothing))[i] * factor.training
}
