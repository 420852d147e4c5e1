// How many sequences a step takes, where a published member changed its batch on the way.
import type { MemberPlan } from '#shared/family/ladder.ts'

type BatchPlan = Pick<MemberPlan, 'batchSequences' | 'phases'>

/** Sequences of the update after `step` updates. */
export function batchSequencesAt({ batchSequences, phases }: BatchPlan, step: number): number {
  let end = 0
  for (const phase of phases ?? []) {
    end += phase.steps
    if (step < end) return phase.batchSequences
  }
  return phases?.length ? phases[phases.length - 1].batchSequences : batchSequences
}

/** Sequences read by the first `steps` updates. */
export function sequencesBefore({ batchSequences, phases }: BatchPlan, steps: number): number {
  if (!phases?.length) return steps * batchSequences
  let left = steps
  let sum = 0
  for (const phase of phases) {
    const here = Math.min(left, phase.steps)
    sum += here * phase.batchSequences
    left -= here
  }
  return sum + left * phases[phases.length - 1].batchSequences
}
