// Seed repeats: finished trainings that differ in nothing but their seed are one point of the law, with a spread.
import type { RunSummary } from './run.ts'

export interface Finished {
  run: RunSummary
  loss: number
}

/**
 * The run that stands for the member, last, after those of other seeds that were trained in the same setting; of one
 * seed only the newest.
 */
export function repeatsOf(finished: readonly Finished[]): Finished[] {
  const stands = finished[finished.length - 1]
  if (!stands) return []
  const { setting } = stands.run
  if (setting === undefined) return [stands] // of an older lab, which did not say what it was trained with
  const bySeed = new Map<number | undefined, Finished>()
  for (const one of finished) {
    if (one.run.setting !== setting || one.run.steps !== stands.run.steps) continue
    bySeed.delete(one.run.seed)
    bySeed.set(one.run.seed, one)
  }
  return [...bySeed.values()]
}

/** The trainings that count of every member, whichever door asks: those that began from a model's weights never do. */
export function countedRepeats(runs: readonly RunSummary[]): Finished[] {
  const ofMember = new Map<string, Finished[]>()
  for (const run of runs) {
    // what a model learned before is not in the compute of a run that began from it
    if (run.state !== 'finished' || run.validationLoss === null || run.origin) continue
    ofMember.set(run.memberId, [...(ofMember.get(run.memberId) ?? []), { run, loss: run.validationLoss }])
  }
  return [...ofMember.values()].flatMap(repeatsOf)
}
