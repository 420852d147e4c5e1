// What a sweep found in nats per token, said in another unit of the loss.
import { lossTimes } from '../loss-unit.ts'
import type { SweepCurve } from './curves.ts'

/** Where its optimum lies is the same in every unit. */
export const sweepTimes = (curve: SweepCurve, factor: number): SweepCurve => ({
  ...curve,
  points: curve.points.map((point) => ({
    ...point,
    loss: lossTimes(point.loss, factor),
    error: lossTimes(point.error, factor),
    losses: point.losses.map(({ seed, loss }) => ({ seed, loss: lossTimes(loss, factor) })),
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
