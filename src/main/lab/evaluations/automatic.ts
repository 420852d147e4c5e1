// Members are evaluated as they finish, where their study asks for it.
import type { AutomaticEvaluation } from '#shared/evaluation/evaluation.ts'
import type { RunSummary } from '#shared/run.ts'
import type { Evaluations } from './evaluations.ts'

export interface AutomaticDeps {
  automatic: (studyId: string) => AutomaticEvaluation
  start: Evaluations['start']
}

/** Is to be told of every run's news. A run that comes back finished, restored or read again, has not just finished. */
export function createAutomatic({ automatic, start }: AutomaticDeps): (run: RunSummary) => void {
  const training = new Set<string>()
  return (run) => {
    if (run.state === 'running') training.add(run.id)
    else if (run.state !== 'finished') training.delete(run.id)
    else if (training.delete(run.id)) {
      const { isOn, tasks, options } = automatic(run.studyId)
      if (!isOn || tasks.length === 0) return
      // What a task lacks is told by its evaluation; only a run that is gone already has none.
      start(run.studyId, [{ kind: 'run', runId: run.id, step: null }], tasks, options, true).catch(() => undefined)
    }
  }
}
