// Finds an Electron on this machine and says where it came from; run directly, it prints what it found as JSON.
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

export const root = resolve(dirname(fileURLToPath(import.meta.url)), '..')
const packageFolder = join(root, 'node_modules', 'electron')

/** Where the project's own fetched Electron lies; see setup-electron.mjs. */
export const cachedFolder = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'isoflop', 'electron-22.3.25')

const binaryName =
  { darwin: 'Electron.app/Contents/MacOS/Electron', win32: 'electron.exe' }[process.platform] ?? 'electron'

/** { folder, executable, version, source } of a folder with an Electron in it, or null. */
function electronIn(folder, source) {
  const executable = join(folder, binaryName)
  if (!existsSync(executable)) return null
  const versionFile = join(folder, 'version')
  return {
    folder,
    executable,
    version: existsSync(versionFile) ? readFileSync(versionFile, 'utf8').trim().replace(/^v/, '') : 'unknown',
    source,
  }
}

/**
 * The first of: installed, named by ELECTRON_OVERRIDE_DIST_PATH, and (`cached`) fetched by setup-electron.mjs. Null
 * where there is none.
 */
export function findElectron({ cached = false } = {}) {
  const installed = electronIn(join(packageFolder, 'dist'), 'node_modules/electron')
  const named = process.env.ELECTRON_OVERRIDE_DIST_PATH
    ? electronIn(process.env.ELECTRON_OVERRIDE_DIST_PATH, 'ELECTRON_OVERRIDE_DIST_PATH')
    : null
  return installed ?? named ?? (cached ? electronIn(cachedFolder, 'scripts/setup-electron.mjs') : null)
}

export function wantedVersion() {
  return JSON.parse(readFileSync(join(packageFolder, 'package.json'), 'utf8')).version
}

/**
 * Electron's own download, through Electron's own installer. Null once it is there, else one sentence why it is not.
 */
export function downloadElectron({ timeoutMs }) {
  const installer = join(packageFolder, 'install.js')
  if (!existsSync(installer)) return 'the electron package is not installed'
  const { ELECTRON_OVERRIDE_DIST_PATH: _named, ...env } = process.env
  const result = spawnSync(process.execPath, [installer], {
    encoding: 'utf8',
    timeout: timeoutMs,
    stdio: ['ignore', 'ignore', 'pipe'],
    env,
  })
  if (result.error?.code === 'ETIMEDOUT') return `its download did not end within ${Math.round(timeoutMs / 1000)} s`
  if (result.status !== 0) return reason(result.stderr)
  return electronIn(join(packageFolder, 'dist'), '') ? null : 'its download left no program behind'
}

function reason(stderr) {
  const lines = stderr.split('\n').map((text) => text.trim())
  const line =
    lines.find((text) => /ENOTFOUND|ECONN|ETIMEDOUT|EAI_AGAIN|status code/i.test(text)) ??
    lines.find((text) => /error/i.test(text)) ??
    lines[0]
  return `its download failed (${line.replace(/^(\[cause\]: )?(\w*Error: )?/, '').slice(0, 160) || 'no reason given'})`
}

/** Linux without DISPLAY and WAYLAND_DISPLAY has nowhere to open a window. */
export const hasDisplay = () =>
  process.platform !== 'linux' || Boolean(process.env.DISPLAY || process.env.WAYLAND_DISPLAY)

/** As root Chromium refuses its sandbox. */
export const rootArguments = () => (process.platform === 'linux' && process.getuid?.() === 0 ? ['--no-sandbox'] : [])

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href)
  console.log(JSON.stringify(findElectron({ cached: true })))
