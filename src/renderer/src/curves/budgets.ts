// How well trainings of the same compute are covered by sizes.
import type { IsoflopPoint, IsoflopProfile } from '#shared/scaling/isoflop.ts'

/** How many different sizes the best-covered budget has. */
export function mostSizes(points: readonly IsoflopPoint[]): number {
  const sizes = new Map<number, Set<number>>()
  for (const { budget, parameters } of points) sizes.set(budget, (sizes.get(budget) ?? new Set()).add(parameters))
  return Math.max(0, ...[...sizes.values()].map((of) => of.size))
}

/** On which side of the sizes trained a profile's lowest loss lies; null where it lies among them. */
export function openSide(points: readonly IsoflopPoint[], profile: IsoflopProfile): 'smaller' | 'larger' | null {
  if (profile.rejection === null || profile.points < 3) return null
  const mine = points.filter(({ budget }) => budget === profile.budget).sort((a, b) => a.parameters - b.parameters)
  const lowest = mine.reduce((best, one, i) => (one.loss < mine[best].loss ? i : best), 0)
  return lowest === 0 ? 'smaller' : lowest === mine.length - 1 ? 'larger' : null
}
