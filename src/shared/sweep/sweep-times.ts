// What a sweep found in nats per token, said in another unit of the loss.
import type { SweepCurve } from './curves.ts'

const times = (loss: number | null, factor: number): number | null => (loss === null ? null : loss * factor)

/** Where its optimum lies is the same in every unit. */
export const sweepTimes = (curve: SweepCurve, factor: number): SweepCurve => ({
  ...curve,
  points: curve.points.map((point) => ({
    ...point,
    loss: times(point.loss, factor),
    error: times(point.error, factor),
    losses: point.losses.map(({ seed, loss }) => ({ seed, loss: times(loss, factor) })),
  })),
  valley: curve.valley && {
    ...curve.valley,
    loss: curve.valley.loss * factor,
    least: curve.valley.least * factor,
    parabola: curve.valley.parabola && {
      ...curve.valley.parabola,
      curvature: curve.valley.parabola.curvature * factor,
    },
  },
})
