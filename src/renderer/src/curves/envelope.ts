// The envelope of the training curves as they are on the screen: wherever one of them goes lower than all did with less
// compute.
import { envelopeOf, type Envelope, type EnvelopePoint } from '#shared/scaling/envelope.ts'
import { fitLine, type LineFit } from '#shared/scaling/power-law.ts'
import type { Curve } from './curve.ts'
import { decimate } from './decimate.ts'
import { reachOf, smooth } from './smooth.ts'

export interface EnvelopeMember {
  parameters: number
  flopsPerToken: number
  curve: Curve | null
}

/**
 * Points kept of each curve, and amounts of compute asked: enough for a line, and quick enough for a curve that grows
 * ten times a second.
 */
const [buckets, samples] = [150, 300]

/**
 * `curve` of the answer's points is the member's index; a member without a curve never leads. Where a run has ended and
 * the next is still above
 * it, the envelope waits. The lines leave out the smallest and the largest leader where two remain: beyond them nothing
 * was trained to lead.
 */
export function envelopeOfMembers(members: readonly EnvelopeMember[]): Envelope {
  const { points: all } = envelopeOf(
    members.map(({ parameters, flopsPerToken, curve }) => {
      const flops: number[] = []
      const loss: number[] = []
      if (curve?.length) {
        const { tokens } = curve.columns
        const mean = smooth(curve, 'loss', curve.columns.loss, reachOf(curve, 0.015))
        for (const i of decimate(tokens, mean, curve.length, {
          from: tokens[0],
          to: tokens[curve.length - 1],
          buckets,
          isLog: true,
        })) {
          if (!Number.isFinite(mean[i])) continue
          flops.push(tokens[i] * flopsPerToken)
          loss.push(mean[i])
        }
      }
      return { parameters, flopsPerToken, flops, loss }
    }),
    samples,
    0,
  )
  let lowest = Infinity
  const points = all.filter(({ loss }) => {
    const isLower = loss < lowest
    if (isLower) lowest = loss
    return isLower
  })
  const leaders = [...new Set(points.map(({ curve }) => curve))]
  const inner = leaders.length >= 4 ? leaders.slice(1, -1) : leaders
  const counted = points.filter(({ curve }) => inner.includes(curve))
  const line = (of: (point: EnvelopePoint) => number): LineFit | null =>
    leaders.length < 2
      ? null
      : fitLine(
          counted.map(({ flops }) => Math.log10(flops)),
          counted.map((point) => Math.log10(of(point))),
        )
  return { points, size: line(({ parameters }) => parameters), tokens: line(({ tokens }) => tokens) }
}
