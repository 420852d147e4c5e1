// Seed repeats: finished trainings that differ in nothing but their seed are one point of the law, with a spread.
import { groupedBy } from './grouped.ts'
import type { RunSummary } from './run.ts'

export interface Finished {
  run: RunSummary
  loss: number
}

/**
 * The run that stands for the member, last, after those of other seeds that were trained in the same setting; of one
 * seed only the newest.
 */
export function repeatsOf<One extends Finished>(finished: readonly One[]): One[] {
  const stands = finished[finished.length - 1]
  if (!stands) return []
  const { setting } = stands.run
  if (setting === undefined) return [stands] // of an older lab, which did not say what it was trained with
  const bySeed = new Map<number | undefined, One>()
  for (const one of finished) {
    if (one.run.setting !== setting || one.run.steps !== stands.run.steps) continue
    bySeed.delete(one.run.seed)
    bySeed.set(one.run.seed, one)
  }
  return [...bySeed.values()]
}

/** The trainings that count of every member, whichever door asks: those that began from a model's weights never do. */
export function countedRepeats(runs: readonly RunSummary[]): Finished[] {
  const counted = runs.flatMap((run): Finished[] =>
    isCounted(run) && run.validationLoss !== null ? [{ run, loss: run.validationLoss }] : [],
  )
  return [...groupedBy(counted, ({ run }) => run.memberId).values()].flatMap((one) => repeatsOf(one))
}

/** Can be a point of a law: what a model learned before is not in the compute of a run that began from it. */
export const isCounted = ({ state, origin }: RunSummary): boolean => state === 'finished' && !origin
