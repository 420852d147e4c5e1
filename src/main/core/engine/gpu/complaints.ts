// What a driver or a missing one says, in words for people.
import { Fault } from '#shared/fault.ts'

const outOfMemory = 'The graphics card has no memory left for this; a smaller model, batch or context needs less.'
export const noMemory = (details?: string) => new Fault('too-large', outOfMemory, { details })

/** The card does not answer any more: it was reset, taken away, or its driver ended. */
export const cardLost = (name: string, details: string) =>
  new Fault(
    'failed',
    `The graphics card ${name} stopped answering (${details.slice(0, 100)}). Resume the run to go on from its last checkpoint, on the card or on the CPU.`,
    { details },
  )

export const libraryMissing = () =>
  new Fault('unavailable', 'The graphics engine needs a library of 4 MB; `npm run setup:gpu` fetches it.')

/** What isf_gpu_open said, for people. */
export function openingProblem(problem: string): string {
  const [kind, why = ''] = problem.split('\t')
  if (kind === 'library')
    return `The graphics engine's library does not load here (${why.slice(0, 120)}); \`npm run setup:gpu -- --force\` fetches it again.`
  if (kind === 'adapter')
    return process.platform === 'linux'
      ? "There is no graphics card with a Vulkan driver here; on Linux a card needs its vendor's driver or Mesa's."
      : 'There is no graphics card that the engine can use here.'
  return `The graphics card does not give what the engine needs (${why.slice(0, 120)}); a newer driver may.`
}
