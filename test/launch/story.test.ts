// The story in a real Electron, with the mouse.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ensureBuilt } from '../support/build.ts'
import { killElectron, launchElectron } from '../support/electron.ts'
import { tellStory } from '../support/story.ts'
import { watchPage } from '../support/watch-page.ts'

const built = ensureBuilt()
const pictures = join(built.root, 'test-results', 'launch')

tellStory(async () => {
  mkdirSync(pictures, { recursive: true })
  const home = mkdtempSync(join(tmpdir(), 'isoflop-story-'))
  const watch = { complaints: [] as string[] }
  const launch = async () => {
    const launched = await launchElectron(built, home)
    await watchPage(launched.page, watch)
    return launched
  }
  let lab = await launch()
  return {
    home,
    watch,
    page: () => lab.page,
    async addFiles(paths) {
      await lab.app.evaluate(({ dialog }, filePaths) => {
        dialog.showOpenDialog = async () => ({ canceled: false, filePaths })
      }, paths)
      await lab.page.getByTestId('choose-files').click()
    },
    async reopen() {
      // The last window's closing ends the app.
      const gone = new Promise<void>((done) => lab.app.process().once('exit', () => done()))
      await lab.app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0].close())
      await gone
      lab = await launch()
    },
    async kill() {
      await killElectron(lab)
      lab = await launch()
    },
    async close() {
      // Whatever trains when a part has failed: nobody is there to be asked.
      await lab.app.evaluate(({ dialog }) => {
        dialog.showMessageBox = (async () => ({ response: 1, checkboxChecked: false })) as never
      })
      await lab.app.close()
      rmSync(home, { recursive: true, force: true })
    },
  }
}, pictures)
