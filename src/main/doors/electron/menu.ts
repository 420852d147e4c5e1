// The native menu: what every desktop program has, and where the lab keeps its things.
import { Menu, shell, type MenuItemConstructorOptions } from 'electron'

export interface MenuOptions {
  home: string
  isDevelopment: boolean
}

export function setMenu({ home, isDevelopment }: MenuOptions): void {
  const isMac = process.platform === 'darwin'
  const openHome: MenuItemConstructorOptions = { label: 'Open data folder', click: () => void shell.openPath(home) }
  const template: MenuItemConstructorOptions[] = [
    ...(isMac ? [{ role: 'appMenu' as const }] : []),
    { label: '&File', submenu: [openHome, { type: 'separator' }, isMac ? { role: 'close' } : { role: 'quit' }] },
    { role: 'editMenu' },
    {
      label: '&View',
      submenu: [
        { role: 'reload' },
        ...(isDevelopment ? [{ role: 'toggleDevTools' as const }] : []),
        { type: 'separator' },
        { role: 'resetZoom' },
        { role: 'zoomIn' },
        { role: 'zoomOut' },
        { type: 'separator' },
        { role: 'togglefullscreen' },
      ],
    },
    { role: 'windowMenu' },
    { role: 'help', submenu: [{ role: 'about' }] },
  ]
  Menu.setApplicationMenu(Menu.buildFromTemplate(template))
}
