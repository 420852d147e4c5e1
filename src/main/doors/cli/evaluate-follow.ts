// Watches evaluations until each has its numbers, writes their items to a file, and stops them when the person
// interrupts: every item that was scored stays in the lab.
import type { Evaluation } from '#shared/evaluation/evaluation.ts'
import { Fault, isDiskFull } from '#shared/fault.ts'
import { endsByItself, isUnderWay } from '#shared/task-state.ts'
import type { LabHost } from '#main/lab/lab.ts'
import type { SamplesFile } from './evaluate-samples.ts'
import { waitFor } from './lab.ts'
import type { CommandContext } from './program.ts'

interface Followed {
  studyId: string
  ids: readonly string[]
  samples: SamplesFile | null
}

/**
 * The finished evaluations, in the order given. When the signal aborts they are stopped and a `cancelled` Fault says
 * how to go on; one that failed is a Fault with its own words, and leaves nothing where no item of it was scored.
 */
export async function followEvaluations(
  lab: LabHost,
  { studyId, ids, samples }: Followed,
  { terminal, signal }: CommandContext,
): Promise<Evaluation[]> {
  const read = async (): Promise<Evaluation[]> => {
    const all = new Map((await lab.listEvaluations(studyId)).map((one) => [one.id, one]))
    return ids.map((id) => all.get(id)).filter((one): one is Evaluation => one !== undefined)
  }
  const check = async (): Promise<Evaluation[] | undefined> => {
    const mine = await read()
    for (const one of mine) samples?.check(one)
    const current = mine.find(({ state }) => state === 'running')
    if (current?.message) terminal.progress(current.message)
    else if (current && current.of > 0) terminal.progress(`${current.task}: ${current.done} of ${current.of} items`)
    return mine.every(({ state }) => state === 'finished') || mine.some(hasEndedBadly) ? mine : undefined
  }
  let isFitting = true
  /** It goes on from where it is when it is asked for again. */
  let isOutOfSpace = false
  try {
    const mine = await waitFor(lab, 'evaluation', signal, check).catch((error: unknown) => {
      isFitting = signal.aborted // otherwise it is the samples file of another evaluation
      throw error
    })
    const failed = mine.find(hasEndedBadly)
    if (failed) throw faultOf(failed)
    if (mine.length < ids.length) throw new Fault('not-found', 'The evaluation was deleted meanwhile.')
    return mine
  } catch (error) {
    isOutOfSpace = isDiskFull(error)
    if (isOutOfSpace) throw error
    await stopAll(lab, await read())
    throw signal.aborted ? interrupted(await read()) : error
  } finally {
    const mine = await read()
    if (isFitting) await samples?.write(lab, mine)
    if (!isOutOfSpace) await forgetRefused(lab, mine)
  }
}

/** What was refused leaves nothing, not even among what was deleted. */
async function forgetRefused(lab: LabHost, evaluations: readonly Evaluation[]): Promise<void> {
  const refused = evaluations.filter(({ state, done }) => state !== 'finished' && done === 0).map(({ id }) => id)
  for (const id of refused) await lab.deleteEvaluation(id)
  await lab.emptyDeleted(refused)
}

const hasEndedBadly = (one: Evaluation): boolean => !endsByItself(one) && one.state !== 'finished'

const faultOf = ({ task, code, message, state }: Evaluation): Fault =>
  new Fault(code ?? 'failed', message ?? `The evaluation of ${task} ended as ${state}.`)

/** The last first, so that no queued one begins while the one before it is being stopped. */
async function stopAll(lab: LabHost, evaluations: readonly Evaluation[]): Promise<void> {
  for (const one of [...evaluations].reverse()) if (isUnderWay(one)) await lab.stopEvaluation(one.id)
}

const interrupted = (evaluations: readonly Evaluation[]): Fault => {
  const begun = evaluations.filter(({ done }) => done > 0)
  const where = begun.map(({ task, done, of }) => `${task} at ${done} of ${of} items`).join(', ')
  return new Fault(
    'cancelled',
    begun.length === 0 ? 'Interrupted.' : `Stopped: ${where}. The same command resumes from there.`,
  )
}
