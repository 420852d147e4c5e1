// When a training does what it does not do every step, and which checkpoints it keeps.

/** At multiples of `every`, and at the end. 0 is never. */
export const isDue = (step: number, every: number, steps: number): boolean =>
  every > 0 && (step % every === 0 || step === steps)

/** The last two, so that one may be damaged, and the one at the best validation loss. Ascending. */
export function keptCheckpoints(saved: readonly number[], bestStep: number | null): number[] {
  const ascending = [...new Set(saved)].sort((a, b) => a - b)
  return ascending.filter((step, i) => i >= ascending.length - 2 || step === bestStep)
}

/**
 * Spacing of a run's events, in steps: about ten validations and samples; a checkpoint about every half minute and at
 * least five.
 */
export function intervalsFor(
  steps: number,
  seconds: number | null,
): { validation: number; sample: number; checkpoint: number } {
  const tenth = Math.max(1, Math.ceil(steps / 10))
  const halfMinute = seconds === null ? tenth : Math.max(1, Math.round((30 * steps) / Math.max(seconds, 1e-3)))
  const checkpoint = Math.min(halfMinute, Math.max(1, Math.ceil(steps / 5)))
  // The best checkpoint is one that was validated: one interval divides the other.
  return checkpoint < tenth
    ? { validation: Math.max(1, Math.round(tenth / checkpoint)) * checkpoint, sample: tenth, checkpoint }
    : { validation: tenth, sample: tenth, checkpoint: Math.max(1, Math.round(checkpoint / tenth)) * tenth }
}
