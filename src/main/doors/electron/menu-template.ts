// What the native menu holds: what every desktop program has, and the window's own commands.
import type { MenuItemConstructorOptions } from 'electron'

export interface MenuActions {
  isMac: boolean
  isDevelopment: boolean
  /** Runs one of the window's commands, by its id. */
  run: (command: string) => void
  openHome: () => void
}

export function menuTemplate({ isMac, isDevelopment, run, openHome }: MenuActions): MenuItemConstructorOptions[] {
  const line: MenuItemConstructorOptions = { type: 'separator' }
  const item = (label: string, id: string, accelerator?: string): MenuItemConstructorOptions => ({
    id,
    label,
    ...(accelerator ? { accelerator } : {}),
    click: () => run(id),
  })
  /** The window hears these keys itself; the menu only tells of them. */
  const told = (label: string, id: string, accelerator: string): MenuItemConstructorOptions => ({
    ...item(label, id, accelerator),
    registerAccelerator: false,
  })
  const rooms = ['Data', 'Family', 'Training', 'Law', 'Evaluation', 'Models', 'Cluster']
  return [
    ...(isMac ? [{ role: 'appMenu' as const }] : []),
    {
      label: '&File',
      submenu: [
        item('New study…', 'new', 'CmdOrCtrl+N'),
        item('Open a study from a file…', 'open file', 'CmdOrCtrl+O'),
        item('Save this study to a file…', 'save file', 'CmdOrCtrl+S'),
        line,
        item('Import a model…', 'import model'),
        item('Export a checkpoint…', 'export'),
        item('Report…', 'report'),
        line,
        { label: 'Open data folder', click: openHome },
        told('Settings', 'go settings', 'CmdOrCtrl+,'),
        line,
        isMac ? { role: 'close' } : { role: 'quit' },
      ],
    },
    {
      label: '&Edit',
      submenu: [
        ...(['undo', 'redo'] as const).map((role) => ({ role })),
        line,
        ...(['cut', 'copy', 'paste', 'selectAll'] as const).map((role) => ({ role })),
        line,
        item('Undo the last deletion', 'undo'),
        item('Recently deleted…', 'deleted'),
      ],
    },
    {
      label: '&View',
      submenu: [
        told('Commands…', 'palette', 'CmdOrCtrl+K'),
        line,
        ...rooms.map((room, i) => told(room, `go ${room.toLowerCase()}`, `CmdOrCtrl+${i + 1}`)),
        line,
        {
          label: 'Theme',
          submenu: [item('System', 'theme system'), item('Light', 'theme light'), item('Dark', 'theme dark')],
        },
        line,
        { role: 'resetZoom' },
        { role: 'zoomIn' },
        { role: 'zoomOut' },
        { role: 'togglefullscreen' },
        line,
        { role: 'reload' },
        ...(isDevelopment ? [{ role: 'toggleDevTools' as const }] : []),
      ],
    },
    { role: 'windowMenu' },
    {
      role: 'help',
      submenu: [
        item('What is a scaling law?', 'help law'),
        item('Lesson: your first scaling law', 'help lesson'),
        told('Keyboard shortcuts', 'help shortcuts', '?'),
        line,
        { role: 'about' },
      ],
    },
  ]
}
