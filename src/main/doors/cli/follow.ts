// Watches runs until each has come to its end, says how they go, and pauses them when the person interrupts.
import { Fault } from '#shared/fault.ts'
import { canResume, isTraining, type RunSummary, type SplitScore } from '#shared/run.ts'
import { isUnderWay } from '#shared/task-state.ts'
import type { LabHost } from '#main/lab/lab.ts'
import { duration, short } from './amounts.ts'
import { waitFor } from './lab.ts'
import type { CommandContext } from './program.ts'

const isOver = (run: RunSummary): boolean => !isUnderWay(run)
const isElsewhereAndWaits = ({ state, place }: RunSummary): boolean => state === 'queued' && place !== undefined

/**
 * The finished runs, in the order given. When `signal` aborts they are paused, so that their checkpoints are kept, and
 * a `cancelled` Fault
 * says how to go on; a run that failed is a Fault with its own words.
 */
export async function followRuns(
  lab: LabHost,
  runIds: readonly string[],
  context: CommandContext,
): Promise<RunSummary[]> {
  const { terminal, signal } = context
  const told = new Set<string>()
  const read = async (): Promise<RunSummary[]> => {
    const all = new Map((await lab.listRuns(null)).map((run) => [run.id, run]))
    return runIds.map((id) => all.get(id)).filter((run): run is RunSummary => run !== undefined)
  }
  const check = async (): Promise<RunSummary[] | undefined> => {
    const runs = await read()
    for (const run of runs) {
      if (run.state === 'finished' && !told.has(run.id)) {
        told.add(run.id)
        terminal.note(finishedLine(run))
      }
    }
    const current = runs.find(({ state }) => state === 'running') ?? runs.find(isElsewhereAndWaits)
    const isEnding = current && current.step >= current.steps // it says that it scores: the progress line does, too
    if (current && isTraining(current) && current.message && !isEnding && !told.has(current.message)) {
      told.add(current.message) // began anew, or without a validation loss
      terminal.note(`${current.name}: ${current.message}`)
    }
    if (current)
      terminal.progress(progressLine(current, runs.filter(({ state }) => state === 'finished').length, runs.length))
    // What waits behind a run that a full disk paused waits for somebody to make room: not here.
    const isHeld = runs.some(({ state, code }) => state === 'paused' && code === 'disk-full')
    return isHeld || runs.every(isOver) ? runs : undefined
  }
  let runs: RunSummary[]
  try {
    runs = await waitFor(lab, 'run', signal, check)
  } catch (error) {
    if (!signal.aborted) throw error
    throw await pauseAll(lab, read, context)
  }
  const failed = runs.find(({ state }) => state !== 'finished')
  if (failed) throw endedAs(failed)
  return runs
}

/** Why a run is not finished, and how it goes on where it can. */
function endedAs(run: RunSummary): Fault {
  const { id, name, state, step, steps, code, message } = run
  const what = message ?? `The run ${name} is ${state} at step ${step} of ${steps}.`
  return new Fault(code ?? 'failed', canResume(run) ? `${what} Continue with \`isoflop resume ${id}\`.` : what)
}

async function pauseAll(lab: LabHost, read: () => Promise<RunSummary[]>, { terminal }: CommandContext): Promise<Fault> {
  const all = (await read()).filter((run) => !isOver(run))
  const away = all.filter(({ place }) => place)
  if (away.length > 0 && away.length === all.length)
    return new Fault(
      'cancelled',
      away.every(({ place }) => place!.job)
        ? `They go on at ${away[0].place!.name}; \`isoflop cluster follow\` watches them again.`
        : `Not all have been sent to ${away[0].place!.name} yet; \`isoflop cluster follow\` says what was.`,
    )
  const unfinished = all.filter(({ place }) => !place)
  terminal.note(
    'Pausing: the checkpoint is being written. Ctrl+C again ends at once, and the run resumes from its last checkpoint.',
  )
  // The last first, so that no queued run begins while the one before it is being paused.
  for (const { id } of [...unfinished].reverse()) await lab.pauseRun(id).catch(() => {})
  await waitFor(lab, 'run', new AbortController().signal, async () =>
    (await read()).every((run) => isOver(run) || run.place) ? true : undefined,
  )
  const paused = (await read()).filter(({ state }) => state !== 'finished')
  const where = paused.map(({ name, step, steps }) => `${name} at step ${step} of ${steps}`).join(', ')
  return new Fault(
    'cancelled',
    paused.length === 0
      ? 'Interrupted.'
      : `Paused: ${where}. Continue with \`isoflop resume${paused.length === 1 ? ` ${paused[0].id}` : ''}\`.`,
  )
}

const finishedLine = ({ name, parameters, loss, validationLoss, whole, elapsedMs }: RunSummary): string =>
  `${name.padEnd(10)} ${short(parameters)} parameters, ${duration(elapsedMs / 1000)}: loss ${loss?.toFixed(4) ?? '-'}, validation ${validationLoss?.toFixed(4) ?? '-'}${whole ? scoredOn(whole) : ''}`

const scoredOn = ({ tokens, standardError }: SplitScore): string =>
  `${standardError === null ? '' : ` ± ${standardError.toPrecision(1)}`} over ${short(tokens)} tokens`

function progressLine(run: RunSummary, done: number, of: number): string {
  const { name, step, steps, loss, tokensPerSecond, secondsLeft } = run
  const parts = [
    `${of > 1 ? `[${done + 1}/${of}] ` : ''}${name}`,
    run.place && run.message && !isTraining(run)
      ? `${run.place.name}: ${run.message}`
      : !isTraining(run)
        ? 'starting'
        : step < steps
          ? `step ${step} of ${steps}`
          : 'scoring the validation split',
  ]
  if (loss !== null) parts.push(`loss ${loss.toFixed(4)}`)
  if (tokensPerSecond !== null) parts.push(`${short(tokensPerSecond)} tokens/s`)
  if (secondsLeft !== null && isTraining(run)) parts.push(`${duration(secondsLeft)} left`)
  return parts.join('  ')
}
