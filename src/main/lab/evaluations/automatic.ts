// Members are evaluated as they finish, where their study asks for it.
import type { RunSummary } from '#shared/run.ts'
import type { EvaluationStore } from './evaluation-store.ts'
import type { Evaluations } from './evaluations.ts'

export interface AutomaticDeps {
  store: Pick<EvaluationStore, 'automatic' | 'awaited' | 'setAwaited'>
  start: Evaluations['start']
  /** The run as it is recorded; throws where there is none. */
  readRun: (id: string) => RunSummary
}

export interface Automatic {
  /** Is to be told of every run's news. */
  take(run: RunSummary): void
  /** What finished as the last session ended is evaluated now. */
  begin(): void
}

/**
 * A run that comes back finished, restored or read again, has not just finished: those that train are written down,
 * so that neither this nor the end of the process between a run's end and its evaluation is mistaken.
 */
export function createAutomatic({ store, start, readRun }: AutomaticDeps): Automatic {
  const training = new Set<string>()

  const setAwaited = (id: string, isAwaited: boolean): void => {
    if (training.has(id) === isAwaited) return
    if (isAwaited) training.add(id)
    else training.delete(id)
    try {
      store.setAwaited(id, isAwaited)
    } catch {
      // a full disk: it is known as long as this process lasts
    }
  }
  const take = (run: RunSummary): void => {
    if (run.state === 'running') return setAwaited(run.id, true)
    if (run.state !== 'finished') return setAwaited(run.id, false)
    if (!training.has(run.id)) return
    const { isOn, tasks, options } = store.automatic(run.studyId)
    if (!isOn || tasks.length === 0) return setAwaited(run.id, false)
    start(run.studyId, [{ kind: 'run', runId: run.id, step: null }], tasks, options, true)
      .catch(() => undefined) // what a task lacks is told by its evaluation; only a run that is gone already has none
      .finally(() => setAwaited(run.id, false))
      .catch(() => undefined)
  }
  return {
    take,
    begin: () => {
      for (const id of store.awaited()) {
        training.add(id)
        try {
          take(readRun(id))
        } catch {
          setAwaited(id, false) // it is gone
        }
      }
    },
  }
}
