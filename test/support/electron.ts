// The built app in a real Electron, for the launch tests.
import { execFileSync } from 'node:child_process'
import { resolve } from 'node:path'
import { _electron, type ElectronApplication, type Page } from 'playwright-core'
import type { BuiltApp } from './build.ts'

export interface LaunchedApp {
  app: ElectronApplication
  page: Page
  /** Electron's version: the tests run from 22 on. */
  version: string
}

/** Starts the app on a data folder and waits for its window. */
export async function launchElectron(built: BuiltApp, home: string): Promise<LaunchedApp> {
  const found = JSON.parse(execFileSync(process.execPath, [resolve(built.root, 'scripts/electron.mjs')], { encoding: 'utf8' })) as { executable: string; version: string } | null
  if (!found) throw new Error('There is no Electron on this machine: run npm run setup:electron.')
  const isRoot = process.platform === 'linux' && process.getuid?.() === 0
  const { ELECTRON_RUN_AS_NODE: _node, ...env } = process.env as Record<string, string>
  const app = await _electron.launch({
    executablePath: found.executable,
    args: [...(isRoot ? ['--no-sandbox'] : []), built.root, '--data', home],
    env,
    timeout: 60_000,
  })
  const page = await app.firstWindow()
  await page.waitForLoadState('load')
  return { app, page, version: found.version }
}

/** Ends the app and everything it started without asking, as a power cut would; resolves when it is gone. */
export async function killElectron({ app }: LaunchedApp): Promise<void> {
  const child = app.process()
  const gone = new Promise<void>((done) => child.once('exit', () => done()))
  child.kill('SIGKILL')
  await gone
}
