// Trainings that took the same compute: tokens come in whole batches, so no two take exactly the same.
import type { IsoflopPoint } from '#shared/scaling/isoflop.ts'

/** Trainings within this share of each other stand for one budget; the loss moves by far less than a parabola resolves. */
export const budgetTolerance = 0.05

/** Gathers points whose compute lies within the tolerance of the group's smallest, and gives each group one budget, its geometric mean. */
export function gatherBudgets(points: readonly IsoflopPoint[]): IsoflopPoint[] {
  const groups: IsoflopPoint[][] = []
  for (const point of [...points].sort((a, b) => a.budget - b.budget)) {
    const last = groups[groups.length - 1]
    if (last && point.budget <= last[0].budget * (1 + budgetTolerance)) last.push(point)
    else groups.push([point])
  }
  return groups.flatMap((group) => {
    const budget = Math.exp(group.reduce((sum, point) => sum + Math.log(point.budget), 0) / group.length)
    return group.map((point) => ({ ...point, budget }))
  })
}

/** How many different sizes the best-covered budget has. */
export function mostSizes(points: readonly IsoflopPoint[]): number {
  const sizes = new Map<number, Set<number>>()
  for (const { budget, parameters } of points) sizes.set(budget, (sizes.get(budget) ?? new Set()).add(parameters))
  return Math.max(0, ...[...sizes.values()].map((of) => of.size))
}
