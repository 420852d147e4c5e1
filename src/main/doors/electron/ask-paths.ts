// The dialog that asks whether the lab may use a path which the page names by itself.
import { dialog, type BrowserWindow } from 'electron'
import { printable } from '#shared/printable.ts'

const mostShown = 10
const longestShown = 300

/** False without a window: nobody is there to agree. */
export async function askPaths(window: BrowserWindow | null, paths: readonly string[]): Promise<boolean> {
  if (!window) return false
  const lines = paths.slice(0, mostShown).map((path) => printable(path).slice(0, longestShown))
  if (paths.length > mostShown) lines.push(`and ${paths.length - mostShown} more`)
  const { response } = await dialog.showMessageBox(window, {
    type: 'question',
    message: 'May the lab use this path?',
    detail: `${lines.join('\n')}\n\nIt was typed in the window. If you did not type it, do not agree.`,
    buttons: ['Use it', 'Cancel'],
    defaultId: 0,
    cancelId: 1,
    noLink: true,
  })
  return response === 0
}
