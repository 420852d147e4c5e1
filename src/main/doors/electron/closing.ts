// Closing while training: keep it going in the background, pause it, stop it, or stay. Asked once, or as the settings
// say.
import { isUnderWay } from '#shared/task-state.ts'
import type { LabHost } from '#main/lab/lab.ts'

export type ClosingWish = 'keep' | 'pause' | 'stop' | 'stay'

export interface ClosingDeps {
  lab: Pick<LabHost, 'isTraining' | 'settings' | 'updateSettings' | 'listRuns' | 'pauseRun' | 'stopRun'>
  /** Shows the dialog; `isAlways` when the person never wants to be asked again. */
  ask(): Promise<{ wish: ClosingWish; isAlways: boolean }>
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
  let wish: ClosingWish = onCloseWhileTraining === 'pause' ? 'pause' : 'keep'
  if (onCloseWhileTraining === 'ask' || (wish === 'keep' && !canKeep)) {
    const answer = await ask()
    wish = answer.wish
    if (answer.isAlways && (wish === 'keep' || wish === 'pause'))
      await lab.updateSettings({ onCloseWhileTraining: wish })
  }
  if (wish === 'stay') return 'stay'
  if (wish === 'keep') return canKeep ? 'hide' : 'stay'
  // What waits in the queue first, or it would start in the place of what ends.
  const runs = (await lab.listRuns(null)).filter(isUnderWay)
  for (const run of [
    ...runs.filter(({ state }) => state === 'queued'),
    ...runs.filter(({ state }) => state !== 'queued'),
  ]) {
    // One that finished meanwhile needs nothing more.
    await (wish === 'pause' ? lab.pauseRun(run.id) : lab.stopRun(run.id)).catch(() => {})
  }
  return 'close'
}
