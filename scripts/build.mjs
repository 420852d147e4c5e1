// Builds out/ when a source is newer than the last build; `--force` builds anyway. Two at once take turns.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..')
const stamp = join(root, 'out', '.built')
const lock = join(root, 'node_modules', '.cache', 'isoflop-build.lock')

/** Newest change below a path, ms. */
function newestMs(path) {
  if (!existsSync(path)) return 0
  const stat = statSync(path)
  if (!stat.isDirectory()) return stat.mtimeMs
  // The folder's own time counts too: it changes when a file in it is removed.
  return readdirSync(path).reduce((newest, name) => Math.max(newest, newestMs(join(path, name))), stat.mtimeMs)
}

const sources = ['src', 'electron.vite.config.ts', 'package.json', 'tsconfig.base.json'].map((name) => join(root, name))
const newestSourceMs = () => Math.max(...sources.map((path) => newestMs(path)))
const isCurrent = () => existsSync(stamp) && Number(readFileSync(stamp, 'utf8')) >= newestSourceMs()

/** True once this process holds the lock; a lock whose owner is gone is taken over. */
function takeLock() {
  try {
    mkdirSync(dirname(lock), { recursive: true })
    writeFileSync(lock, String(process.pid), { flag: 'wx' })
    return true
  } catch (error) {
    if (error.code !== 'EEXIST') throw error
    const owner = Number(readFileSync(lock, 'utf8') || 0)
    if (owner && !isAlive(owner)) rmSync(lock, { force: true })
    return false
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error.code === 'EPERM'
  }
}

const force = process.argv.includes('--force')
if (!force && isCurrent()) process.exit(0)
while (!takeLock()) await new Promise((done) => setTimeout(done, 200))
try {
  if (force || !isCurrent()) {
    const startedMs = newestSourceMs()
    const manifest = createRequire(import.meta.url).resolve('electron-vite/package.json')
    const result = spawnSync(
      process.execPath,
      [join(dirname(manifest), 'bin', 'electron-vite.js'), 'build', '--logLevel', 'warn'],
      {
        cwd: root,
        encoding: 'utf8',
        // electron-vite only wants to know which targets to lower to, which the config says itself.
        env: { ...process.env, ELECTRON_EXEC_PATH: process.env.ELECTRON_EXEC_PATH ?? process.execPath },
      },
    )
    if (result.status !== 0) {
      process.stderr.write(result.stdout + result.stderr)
      process.exitCode = 1
    } else {
      writeFileSync(stamp, String(startedMs))
    }
  }
} finally {
  rmSync(lock, { force: true })
}
