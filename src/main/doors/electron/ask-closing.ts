// The dialog that closing while training shows.
import { dialog, type BrowserWindow } from 'electron'
import type { ClosingChoice } from './closing.ts'

/** `canKeep`: whether going on in the background is one of the answers. */
export async function askClosing(
  window: BrowserWindow | null,
  canKeep: boolean,
): Promise<{ choice: ClosingChoice; isAlways: boolean }> {
  const choices: { label: string; choice: ClosingChoice }[] = [
    ...(canKeep ? [{ label: 'Keep training in the background', choice: 'keep' as const }] : []),
    { label: 'Pause and close', choice: 'pause' },
    { label: 'Stop and close', choice: 'stop' },
    { label: 'Cancel', choice: 'stay' },
  ]
  const options = {
    type: 'question' as const,
    message: 'A run is training',
    detail: 'Paused and stopped runs keep their last checkpoint and can be resumed.',
    buttons: choices.map(({ label }) => label),
    defaultId: 0,
    cancelId: choices.length - 1,
    checkboxLabel: canKeep ? 'Do this every time (keep or pause)' : undefined,
    noLink: true,
  }
  const { response, checkboxChecked } = await (window
    ? dialog.showMessageBox(window, options)
    : dialog.showMessageBox(options))
  return { choice: choices[response]?.choice ?? 'stay', isAlways: checkboxChecked }
}
