// Shows the runs on the desktop: task-bar progress, no sleep while training, a notification when a run ends.
import { Notification, powerSaveBlocker, type BrowserWindow } from 'electron'
import type { LabHost } from '#main/lab/lab.ts'
import { watchRuns } from './progress.ts'

export interface DesktopDeps {
  lab: Pick<LabHost, 'listen'>
  window(): BrowserWindow | null
  /** A click on the notification. */
  show(): void
}

/** Follows the lab until the function returned is called. */
export function followOnDesktop({ lab, window, show }: DesktopDeps): () => void {
  const watch = watchRuns()
  // Kept until clicked or closed: one that is collected loses its click.
  const shown = new Set<Notification>()
  let blocker: number | null = null

  const stayAwake = (isTraining: boolean): void => {
    if (isTraining && blocker === null) blocker = powerSaveBlocker.start('prevent-app-suspension')
    if (!isTraining && blocker !== null) {
      powerSaveBlocker.stop(blocker)
      blocker = null
    }
  }
  const notify = (notice: { title: string; body: string }): void => {
    if (!Notification.isSupported() || window()?.isFocused()) return
    const notification = new Notification({ ...notice, silent: true })
    shown.add(notification)
    notification.on('click', show)
    notification.on('close', () => shown.delete(notification))
    notification.show()
  }

  const stops = [
    lab.listen('run', (run) => {
      const { fraction, isTraining, notice } = watch.note(run)
      window()?.setProgressBar(fraction ?? -1)
      stayAwake(isTraining)
      if (notice) notify(notice)
    }),
    lab.listen('runDeleted', ({ runId }) => watch.forget(runId)),
  ]
  return () => {
    for (const stop of stops) stop()
    stayAwake(false)
  }
}
