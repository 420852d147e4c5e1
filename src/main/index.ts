// Where the desktop app is put together.
import { join } from 'node:path'
import { app, nativeTheme } from 'electron'
import { commandChannel, newsChannel } from '#shared/channels.ts'
import { askPaths } from '#main/doors/electron/ask-paths.ts'
import { giveUp } from '#main/doors/electron/crashes.ts'
import { followOnDesktop } from '#main/doors/electron/desktop.ts'
import { createDialogs } from '#main/doors/electron/dialogs.ts'
import { forkUtilityWorker } from '#main/doors/electron/fork.ts'
import { setMenu } from '#main/doors/electron/menu.ts'
import { announceScheme, serveWindow, windowOrigin } from '#main/doors/electron/protocol.ts'
import { serve } from '#main/doors/electron/serve.ts'
import { createStage } from '#main/doors/electron/stage.ts'
import { isOurPage } from '#main/doors/electron/window.ts'
import { startNewsFeed } from '#main/doors/common/news-feed.ts'
import { homeFolder } from '#main/doors/common/home.ts'
import { createTrustedPaths } from '#main/doors/common/trusted-paths.ts'
import { createLab } from '#main/lab/lab.ts'
import { makeFolder } from '#main/platform/disk/remembered.ts'
import { openWindowFiles } from '#main/platform/disk/window-files.ts'
import { surviveStrays } from '#main/platform/processes/strays.ts'

const home = homeFolder(process.argv, process.env)
const windowHome = join(home, 'window')
const resources = join(__dirname, '../../resources')
// Set by `npm run dev` alone; a packaged app ignores it.
const developmentUrl = app.isPackaged ? undefined : process.env.ELECTRON_RENDERER_URL
const pageUrl = developmentUrl ?? `${windowOrigin}/`

surviveStrays()
// As root Chromium starts without its own sandbox or not at all; the window keeps its `sandbox: true`.
if (!app.commandLine.hasSwitch('no-sandbox')) app.enableSandbox()
announceScheme()
// One app for a data folder: the lock lies with Chromium's own files, and those inside it.
makeFolder(windowHome)
app.setPath('userData', windowHome)

// Not a top-level await: the ready event waits for this module to finish loading, and would wait for ever.
if (app.requestSingleInstanceLock()) app.whenReady().then(start).catch(giveUp)
else app.quit()

async function start(): Promise<void> {
  const lab = await createLab({
    home,
    resources,
    version: app.getVersion(),
    door: 'electron',
    fork: forkUtilityWorker(join(__dirname, 'worker.js')),
    nowMs: Date.now,
  })
  if (!developmentUrl) serveWindow(await openWindowFiles(join(__dirname, '../renderer')))
  nativeTheme.themeSource = (await lab.settings()).theme
  lab.listen('settings', ({ theme }) => {
    nativeTheme.themeSource = theme
  })

  const stage = createStage({
    lab,
    url: pageUrl,
    preload: join(__dirname, '../preload/index.js'),
    icon: join(resources, 'icons/isoflop.png'),
    stateFile: join(windowHome, 'place.json'),
  })
  const paths = createTrustedPaths({
    lab,
    trusted: [(await lab.about()).exportsFolder],
    agree: (named) => askPaths(stage.window(), named),
  })
  serve({
    lab,
    paths,
    dialogs: createDialogs(stage.window, paths.trust),
    isOurs: (sender, frameUrl, isTopFrame) =>
      isTopFrame && sender === stage.window()?.webContents && isOurPage(frameUrl, pageUrl),
  })
  startNewsFeed({ source: lab, send: (kind, value) => stage.window()?.webContents.send(newsChannel, { kind, value }) })
  followOnDesktop({ lab, window: stage.window, show: stage.show })
  setMenu({
    home,
    isDevelopment: !app.isPackaged,
    run(command) {
      stage.show()
      stage.window()?.webContents.send(commandChannel, command)
    },
  })

  app.on('second-instance', stage.show)
  app.on('activate', stage.show)
  app.on('before-quit', (event) => {
    if (stage.isDone()) return
    event.preventDefault()
    stage.quit()
  })
  app.on('window-all-closed', () => {
    if (process.platform !== 'darwin') app.quit()
  })
  stage.show()
}
