// What the desktop shows of the runs outside the window: the bar in the task bar, the machine kept awake, a word at the
// end.
import type { RunSummary } from '#shared/run.ts'
import { isUnderWay } from '#shared/task-state.ts'

export interface DesktopProgress {
  /** 0 to 1 over all runs under way and queued, weighted by their FLOPs; null when nothing trains. */
  fraction: number | null
  isTraining: boolean
}

/**
 * `batch` are the runs that were under way together: those that finished since the queue was last empty count as done.
 */
function desktopProgress(batch: Iterable<RunSummary>): DesktopProgress {
  let done = 0
  let all = 0
  let isTraining = false
  for (const run of batch) {
    if (!isUnderWay(run) && run.state !== 'finished') continue
    isTraining ||= run.state === 'running'
    all += run.flops
    done += run.state === 'finished' ? run.flops : run.flops * (run.steps > 0 ? run.step / run.steps : 0)
  }
  return { fraction: isTraining && all > 0 ? done / all : null, isTraining }
}

export interface RunWatch {
  /**
   * Takes a run's news; says what the desktop should show now, and the sentence to notify with, if the run has just
   * ended.
   */
  note(run: RunSummary): DesktopProgress & { notice: { title: string; body: string } | null }
  forget(runId: string): void
}

/** Follows runs from their news alone. */
export function watchRuns(): RunWatch {
  const batch = new Map<string, RunSummary>()
  return {
    note(run) {
      const before = batch.get(run.id)
      batch.set(run.id, run)
      const notice = before && isUnderWay(before) ? noticeOf(run) : null
      const progress = desktopProgress(batch.values())
      if (![...batch.values()].some(isUnderWay)) batch.clear()
      return { ...progress, notice }
    },
    forget: (runId) => void batch.delete(runId),
  }
}

function noticeOf(run: RunSummary): { title: string; body: string } | null {
  if (run.state === 'finished') {
    const loss = run.validationLoss ?? run.loss
    return {
      title: `${run.name} has finished`,
      body: loss === null ? `${run.steps} steps.` : `Loss ${loss.toFixed(3)} nats per token after ${run.steps} steps.`,
    }
  }
  if (run.state === 'failed')
    return { title: `${run.name} stopped`, body: run.message ?? 'It failed; the run says why.' }
  return null
}
