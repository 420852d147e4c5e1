// How well trainings of the same compute are covered by sizes.
import type { IsoflopPoint } from '#shared/scaling/isoflop.ts'

/** How many different sizes the best-covered budget has. */
export function mostSizes(points: readonly IsoflopPoint[]): number {
  const sizes = new Map<number, Set<number>>()
  for (const { budget, parameters } of points) sizes.set(budget, (sizes.get(budget) ?? new Set()).add(parameters))
  return Math.max(0, ...[...sizes.values()].map((of) => of.size))
}
