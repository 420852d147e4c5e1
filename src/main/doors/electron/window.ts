// The one window: opens where it was left, shows our page and nothing else, comes back when its renderer dies.
import { BrowserWindow, dialog, screen, shell, type WebContents } from 'electron'
import { readRemembered, remember } from '#main/platform/disk/remembered.ts'
import { createLinks } from './links.ts'
import { windowOrigin } from './protocol.ts'
import { parseWindowState, placeWindow, smallestWindow } from './window-state.ts'

export interface WindowOptions {
  preload: string
  icon: string
  /** Where the window's place is remembered. */
  stateFile: string
  /** The page: app://isoflop/, or the development server's. */
  url: string
  theme: 'light' | 'dark'
  /** Asked before the window closes: true lets it. */
  mayClose(): boolean
}

/** Ground shown until the page has painted; the same as the page's own. */
const ground = { light: '#ffffff', dark: '#111417' }

/** Whether a page at `url` is ours to trust. */
export function isOurPage(url: string, pageUrl: string): boolean {
  const origin = pageUrl.startsWith(`${windowOrigin}/`) ? `${windowOrigin}/` : `${new URL(pageUrl).origin}/`
  return url.startsWith(origin)
}

export function openWindow({ preload, icon, stateFile, url, theme, mayClose }: WindowOptions): BrowserWindow {
  const state = parseWindowState(readRemembered(stateFile))
  const screens = [screen.getPrimaryDisplay(), ...screen.getAllDisplays()].map(({ workArea }) => workArea)
  const window = new BrowserWindow({
    ...placeWindow(state, screens),
    minWidth: smallestWindow.width,
    minHeight: smallestWindow.height,
    show: false,
    title: 'Isoflop',
    icon,
    backgroundColor: ground[theme],
    webPreferences: {
      preload,
      contextIsolation: true,
      sandbox: true,
      nodeIntegration: false,
      nodeIntegrationInWorker: false,
      nodeIntegrationInSubFrames: false,
      webSecurity: true,
      webviewTag: false,
      allowRunningInsecureContent: false,
      spellcheck: false,
      // Curves go on moving behind other windows.
      backgroundThrottling: false,
    },
  })
  if (state?.isMaximized) window.maximize()
  window.once('ready-to-show', () => window.show())

  let timer: NodeJS.Timeout | null = null
  const keepPlaceSoon = (): void => {
    if (timer) clearTimeout(timer)
    timer = setTimeout(() => keepPlace(window, stateFile), 500)
  }
  window.on('resize', keepPlaceSoon)
  window.on('move', keepPlaceSoon)
  window.on('close', (event) => {
    if (timer) clearTimeout(timer)
    keepPlace(window, stateFile)
    if (!mayClose()) event.preventDefault()
  })

  closeWalls(window.webContents, url)
  comeBack(window, url)
  void window.loadURL(url)
  return window
}

/** Written down whenever it changes, and once more at the end. */
export function keepPlace(window: BrowserWindow, stateFile: string): void {
  if (window.isDestroyed() || window.isMinimized()) return
  try {
    remember(stateFile, { bounds: window.getNormalBounds(), isMaximized: window.isMaximized() })
  } catch {
    // A full disk must not keep a window from moving or closing.
  }
}

/** No other page, no other window, no permission. Links that a person follows open in the browser. */
function closeWalls(contents: WebContents, pageUrl: string): void {
  const links = createLinks((link) => shell.openExternal(link), performance.now.bind(performance))
  // Seen by the main process: a page can neither make one nor pretend to.
  contents.on('input-event', (_event, { type }) => {
    if (type === 'mouseDown' || type === 'rawKeyDown' || type === 'keyDown') links.noteGesture()
  })
  contents.setWindowOpenHandler(({ url }) => {
    links.open(url)
    return { action: 'deny' }
  })
  const refuse = (event: { preventDefault(): void }, url: string): void => {
    if (isOurPage(url, pageUrl)) return
    event.preventDefault()
    links.open(url)
  }
  contents.on('will-navigate', (event, url) => refuse(event, url))
  contents.on('will-redirect', (event, url) => refuse(event, url))
  contents.on('will-attach-webview', (event) => event.preventDefault())
  // Copying a number or a chart is the one thing the page may do without asking.
  const isAllowed = (permission: string): boolean => permission === 'clipboard-sanitized-write'
  contents.session.setPermissionRequestHandler((_contents, permission, callback) => callback(isAllowed(permission)))
  contents.session.setPermissionCheckHandler((_contents, permission) => isAllowed(permission))
  contents.session.setDevicePermissionHandler(() => false)
}

/**
 * A dead renderer is started again at once, and after the third time in a minute only when the person wants it. The lab
 * trains on meanwhile.
 */
function comeBack(window: BrowserWindow, url: string): void {
  let deathsMs: number[] = []
  window.webContents.on('render-process-gone', (_event, { reason }) => {
    if (reason === 'clean-exit' || window.isDestroyed()) return
    const nowMs = performance.now()
    deathsMs = [...deathsMs.filter((at) => nowMs - at < 60_000), nowMs]
    if (deathsMs.length < 3) return void window.loadURL(url)
    void dialog
      .showMessageBox(window, {
        type: 'error',
        message: 'The window keeps failing',
        detail: `It ended ${deathsMs.length} times within a minute (${reason}). Runs and everything recorded are safe: they live outside the window.`,
        buttons: ['Open it again', 'Quit'],
        cancelId: 1,
      })
      .then(({ response }) => {
        if (window.isDestroyed()) return
        if (response === 0) void window.loadURL(url)
        else window.close()
      })
  })
}
