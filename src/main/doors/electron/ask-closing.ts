// The dialog that closing while training shows.
import { dialog, type BrowserWindow } from 'electron'
import type { ClosingWish } from './closing.ts'

/** `canKeep`: whether going on in the background is one of the answers. */
export async function askClosing(
  window: BrowserWindow | null,
  canKeep: boolean,
): Promise<{ wish: ClosingWish; isAlways: boolean }> {
  const choices: { label: string; wish: ClosingWish }[] = [
    ...(canKeep ? [{ label: 'Keep training in the background', wish: 'keep' as const }] : []),
    { label: 'Pause and close', wish: 'pause' },
    { label: 'Stop and close', wish: 'stop' },
    { label: 'Cancel', wish: 'stay' },
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
  return { wish: choices[response]?.wish ?? 'stay', isAlways: checkboxChecked }
}
