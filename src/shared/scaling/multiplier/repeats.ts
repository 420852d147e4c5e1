// Trainings of one size, seed by seed, as their mean and how far they lie from it.
import type { LawPoint } from '../points.ts'

/** The trainings at one x. */
export interface Repeats {
  x: number
  count: number
  mean: number
  /** Of the losses around their mean, relative to it, squared and added up. */
  squares: number
}

export function repeatsOf(points: readonly LawPoint[]): Repeats[] {
  const byX = new Map<number, number[]>()
  for (const { x, y } of points) byX.set(x, [...(byX.get(x) ?? []), y])
  return [...byX]
    .sort(([p], [q]) => p - q)
    .map(([x, losses]) => {
      const mean = losses.reduce((sum, y) => sum + y, 0) / losses.length
      return { x, count: losses.length, mean, squares: losses.reduce((sum, y) => sum + (y / mean - 1) ** 2, 0) }
    })
}
