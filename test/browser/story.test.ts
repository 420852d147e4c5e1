// The story through the web door: a real lab in a process of its own, a real Chromium before it.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { ensureBuilt } from '../support/build.ts'
import { launchChromium } from '../support/chromium.ts'
import { tellStory } from '../support/story.ts'
import { watchPage } from '../support/watch-page.ts'
import { startWebLab } from '../support/web-lab.ts'

const built = ensureBuilt()
const pictures = join(built.root, 'test-results', 'browser')

tellStory(async () => {
  mkdirSync(pictures, { recursive: true })
  const home = mkdtempSync(join(tmpdir(), 'isoflop-story-'))
  const browser = await launchChromium()
  const context = await browser.newContext({ viewport: { width: 1360, height: 880 } })
  const watch = { complaints: [] as string[] }
  const open = async (url: string): Promise<Page> => {
    const page = await context.newPage()
    await watchPage(page, watch)
    await page.goto(url)
    return page
  }
  let lab = await startWebLab(built, home)
  let page = await open(lab.url)
  return {
    home,
    watch,
    page: () => page,
    addFiles: (paths) => page.getByTestId('corpus-files').setInputFiles(paths),
    async reopen() {
      await page.close()
      page = await open(new URL('/', lab.url).href)
    },
    async kill() {
      // A page whose lab is gone rightly says so; it is closed first.
      await page.close()
      await lab.kill()
      lab = await startWebLab(built, home)
      page = await open(lab.url)
    },
    async close() {
      await browser.close()
      await lab.stop()
      rmSync(home, { recursive: true, force: true })
    },
  }
}, pictures)
