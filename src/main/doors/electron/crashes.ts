// Failures that reach nobody: said in one dialog with the details behind it, or on standard error where there is no
// window.
import { app, dialog } from 'electron'
import { Fault } from '#shared/fault.ts'

/** The lab could not be opened: nothing can be shown but why. Ends the app. */
export function giveUp(error: unknown): void {
  const message = error instanceof Error ? error.message : String(error)
  console.error(error instanceof Fault ? message : error)
  dialog.showErrorBox('Isoflop cannot start', message)
  app.exit(1)
}
