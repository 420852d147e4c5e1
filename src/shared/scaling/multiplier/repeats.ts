// Trainings of one size, seed by seed, as their mean and how far they lie from it.
import { groupedBy } from '../../grouped.ts'
import { meanOf } from '../../statistics.ts'
import type { LawPoint } from '../points.ts'

/** The trainings at one x. */
export interface Repeats {
  x: number
  count: number
  mean: number
  /** Of the losses around their mean, relative to it, squared and added up. */
  squares: number
}

/** Ascending in x. */
export const repeatsByX = (points: readonly LawPoint[]): Repeats[] =>
  [...groupedBy(points, ({ x }) => x)]
    .sort(([p], [q]) => p - q)
    .map(([x, all]) => {
      const mean = meanOf(all.map(({ y }) => y))
      return { x, count: all.length, mean, squares: all.reduce((sum, { y }) => sum + (y / mean - 1) ** 2, 0) }
    })
