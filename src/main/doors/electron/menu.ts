// The native menu, put up.
import { Menu, shell } from 'electron'
import { menuTemplate } from './menu-template.ts'

export interface MenuOptions {
  home: string
  isDevelopment: boolean
  /** Runs one of the window's commands, by its id. */
  run: (command: string) => void
}

export function setMenu({ home, isDevelopment, run }: MenuOptions): void {
  const isMac = process.platform === 'darwin'
  const openHome = () => void shell.openPath(home)
  Menu.setApplicationMenu(Menu.buildFromTemplate(menuTemplate({ isMac, isDevelopment, run, openHome })))
}
