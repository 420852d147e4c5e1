// How many sequences a step takes, and how many tokens the steps so far took, where a published member changed its
// batch on the way.
import type { BatchPhase } from './ladder.ts'

/** Of a plan or of a published schedule. */
interface BatchPlan {
  batchSequences: number
  phases?: readonly BatchPhase[]
}

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

/** Tokens of the first `steps` updates at `context` tokens per sequence. */
export const tokensBefore = (plan: BatchPlan, steps: number, context: number): number =>
  sequencesBefore(plan, steps) * context
