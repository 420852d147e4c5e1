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

export interface FoundElectron {
  folder: string
  executable: string
  version: string
}

/** The Electron of this machine; null where there is none. */
export function findElectron(root: string): FoundElectron | null {
  return JSON.parse(
    execFileSync(process.execPath, [resolve(root, 'scripts/electron.mjs')], { encoding: 'utf8' }),
  ) as FoundElectron | null
}

/** Starts the app on a data folder and waits for its window. */
export async function launchElectron(built: BuiltApp, home: string): Promise<LaunchedApp> {
  const found = findElectron(built.root)
  if (!found) throw new Error('There is no Electron on this machine: run npm run setup:electron.')
  return { ...(await launchProgram(found.executable, [built.root, '--data', home])), version: found.version }
}

/** Starts a program that is an Electron app, and waits for its window. */
export async function launchProgram(
  executablePath: string,
  args: string[],
  cwd?: string,
): Promise<Omit<LaunchedApp, 'version'>> {
  const isRoot = process.platform === 'linux' && process.getuid?.() === 0
  const { ELECTRON_RUN_AS_NODE: _node, ...env } = process.env as Record<string, string>
  const app = await _electron.launch({
    executablePath,
    args: [...(isRoot ? ['--no-sandbox'] : []), ...args],
    env,
    cwd,
    timeout: 60_000,
  })
  const page = await app.firstWindow()
  await page.waitForLoadState('load')
  return { app, page }
}

/** Ends the app and everything it started without asking, as a power cut would; resolves when it is gone. */
export async function killElectron({ app }: Pick<LaunchedApp, 'app'>): Promise<void> {
  const child = app.process()
  const gone = new Promise<void>((done) => child.once('exit', () => done()))
  child.kill('SIGKILL')
  await gone
}
