// The envelope of the training curves as they are on the screen: at every amount of compute the lowest of the smoothed losses.
import { envelopeOf, type Envelope } from '#shared/scaling/envelope.ts'
import type { Curve } from './curve.ts'
import { decimate } from './decimate.ts'
import { reachOf, smooth } from './smooth.ts'

export interface EnvelopeMember {
  parameters: number
  flopsPerToken: number
  curve: Curve | null
}

/** Points kept of each curve, and amounts of compute asked: enough for a line, and quick enough for a curve that grows ten times a second. */
const [buckets, samples] = [150, 300]

/** `curve` of the answer's points is the member's index; a member without a curve never leads. */
export function envelopeOfMembers(members: readonly EnvelopeMember[]): Envelope {
  return envelopeOf(members.map(({ parameters, flopsPerToken, curve }) => {
    const flops: number[] = []
    const loss: number[] = []
    if (curve?.length) {
      const { tokens } = curve.columns
      const mean = smooth(curve, 'loss', curve.columns.loss, reachOf(curve.length, 0.015))
      for (const i of decimate(tokens, mean, curve.length, { from: tokens[0], to: tokens[curve.length - 1], buckets, isLog: true })) {
        if (!Number.isFinite(mean[i])) continue
        flops.push(tokens[i] * flopsPerToken)
        loss.push(mean[i])
      }
    }
    return { parameters, flopsPerToken, flops, loss }
  }), samples, 0)
}
