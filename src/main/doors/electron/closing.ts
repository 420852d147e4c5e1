// Closing while training: keep it going in the background, pause it, stop it, or stay. Asked once, or as the settings
// say.
import { isUnderWay } from '#shared/task-state.ts'
import type { LabHost } from '#main/lab/lab.ts'

export type ClosingChoice = 'keep' | 'pause' | 'stop' | 'stay'

export interface ClosingDeps {
  lab: Pick<LabHost, 'isTraining' | 'settings' | 'updateSettings' | 'listRuns' | 'pauseRun' | 'stopRun'>
  /** Shows the dialog; `isAlways` when the person never wants to be asked again. */
  ask(): Promise<{ choice: ClosingChoice; isAlways: boolean }>
  /** Quitting cannot keep training in the background. */
  canKeep: boolean
}

/**
 * What to do with the window: `close` it, `hide` it while the training goes on, or `stay`. Runs are paused or stopped
 * by then.
 */
export async function closeWhileTraining({ lab, ask, canKeep }: ClosingDeps): Promise<'close' | 'hide' | 'stay'> {
  if (!lab.isTraining()) return 'close'
  const { onCloseWhileTraining } = await lab.settings()
  let choice: ClosingChoice = onCloseWhileTraining === 'pause' ? 'pause' : 'keep'
  if (onCloseWhileTraining === 'ask' || (choice === 'keep' && !canKeep)) {
    const answer = await ask()
    choice = answer.choice
    if (answer.isAlways && (choice === 'keep' || choice === 'pause'))
      await lab.updateSettings({ onCloseWhileTraining: choice })
  }
  if (choice === 'stay') return 'stay'
  if (choice === 'keep') return canKeep ? 'hide' : 'stay'
  // What waits in the queue first, or it would start in the place of what ends.
  const runs = (await lab.listRuns(null)).filter(isUnderWay)
  for (const run of [
    ...runs.filter(({ state }) => state === 'queued'),
    ...runs.filter(({ state }) => state !== 'queued'),
  ]) {
    // One that finished meanwhile needs nothing more.
    await (choice === 'pause' ? lab.pauseRun(run.id) : lab.stopRun(run.id)).catch(() => {})
  }
  return 'close'
}
