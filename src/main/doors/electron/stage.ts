// The window's comings and goings: shown, hidden while training goes on, closed for good.
import { app, Menu, nativeTheme, Tray, type BrowserWindow } from 'electron'
import type { LabHost } from '#main/lab/lab.ts'
import { askClosing } from './ask-closing.ts'
import { closeWhileTraining } from './closing.ts'
import { keepPlace, openWindow } from './window.ts'

export interface StageOptions {
  lab: LabHost
  preload: string
  icon: string
  stateFile: string
  url: string
}

export interface Stage {
  window(): BrowserWindow | null
  /** Opens the window, or brings it to the front. */
  show(): void
  /** Asks where it must, lets the lab close, and ends the app. */
  quit(): void
  isDone(): boolean
}

/** After the last training of a hidden window, ms: time to read the notification and click it. */
const lonelyMs = 60_000

export function createStage({ lab, preload, icon, stateFile, url }: StageOptions): Stage {
  let current: BrowserWindow | null = null
  let tray: Tray | null = null
  let isHidden = false
  let isLeaving = false
  let isDone = false
  let lonely: NodeJS.Timeout | null = null

  const window = (): BrowserWindow | null => (current && !current.isDestroyed() ? current : null)

  const show = (): void => {
    isHidden = false
    tray?.destroy()
    tray = null
    const open = window()
    if (open) {
      if (open.isMinimized()) open.restore()
      open.show()
      open.focus()
      return
    }
    current = openWindow({
      preload,
      icon,
      stateFile,
      url,
      theme: nativeTheme.shouldUseDarkColors ? 'dark' : 'light',
      mayClose() {
        if (isDone || !lab.isTraining()) return true
        void leave(true)
        return false
      },
    })
  }

  const hide = (): void => {
    isHidden = true
    window()?.hide()
    try {
      tray ??= new Tray(icon)
      tray.setToolTip('Isoflop is training')
      tray.setContextMenu(
        Menu.buildFromTemplate([
          { label: 'Open Isoflop', click: show },
          { label: 'Quit', click: () => app.quit() },
        ]),
      )
      tray.on('click', show)
    } catch {
      // A desktop without a tray: starting Isoflop again brings the window back.
    }
  }

  const leave = async (canKeep: boolean): Promise<void> => {
    if (isLeaving || isDone) return
    isLeaving = true
    try {
      const next = await closeWhileTraining({ lab, ask: () => askClosing(window(), canKeep), canKeep })
      if (next === 'hide') hide()
      if (next === 'close') await end()
    } finally {
      isLeaving = false
    }
  }

  const end = async (): Promise<void> => {
    isDone = true
    const open = window()
    if (open) keepPlace(open, stateFile)
    await lab.close().catch((error) => console.error('The lab did not close well:', error))
    app.exit(0)
  }

  lab.listen('run', () => {
    if (lonely) clearTimeout(lonely)
    lonely =
      isHidden && !lab.isTraining()
        ? setTimeout(() => {
            if (isHidden && !lab.isTraining()) app.quit()
          }, lonelyMs)
        : null
  })

  return { window, show, quit: () => void leave(false), isDone: () => isDone }
}
