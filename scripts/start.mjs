// `npm start`: builds, then opens the desktop app; where there is no Electron or no display, says so and serves the
// same window to a browser.
// --open: open the system's browser on it; --port N; --data DIR; --web: the browser even where the desktop app could
// run.
import { spawn, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline/promises'
import { parseArgs } from 'node:util'
import { downloadElectron, findElectron, hasDisplay, root, rootArguments, wantedVersion } from './electron.mjs'
import { graphicsLibrary } from './native-library.mjs'

const downloadLimitMs = 240_000
/** An Electron that ends this soon, and not well, could not open its window. */
const failedStartMs = 15_000

const usage = 'npm start -- [--open] [--port N] [--data DIR] [--web]\n\n  npm start -- --data ~/lab --open'
const asked = readArguments()
if (asked.help) {
  console.log(usage)
  process.exit(0)
}

const built = spawnSync(process.execPath, [join(root, 'scripts', 'build.mjs')], { cwd: root, stdio: 'inherit' })
if (built.status !== 0) process.exit(built.status ?? 1)

await offerGraphicsEngine()
const why = asked.web ? 'As asked' : await openDesktop()
if (why !== null) {
  console.log(`${why}: serving the same window to a browser on this machine.`)
  process.exitCode = await run(process.execPath, [
    join(root, 'bin', 'isoflop.mjs'),
    'serve',
    ...(asked.port ? ['--port', asked.port] : []),
    ...(asked.open ? ['--open'] : []),
    ...(asked.data ? ['--data', asked.data] : []),
  ])
}

/** Says how a graphics card that is here can train, where the library for it is missing. */
async function offerGraphicsEngine() {
  const hasCard = process.platform !== 'linux' || existsSync('/dev/dri/renderD128') || existsSync('/dev/nvidia0')
  if (!hasCard || process.env.ISOFLOP_WGPU || existsSync(graphicsLibrary)) return
  console.log('This machine may have a graphics card. Training on it needs a library of 4 MB from PyPI.')
  if (!process.stdin.isTTY) {
    console.log('  npm run setup:gpu')
    return
  }
  const terminal = createInterface({ input: process.stdin, output: process.stdout })
  const answer = await terminal.question('Fetch it now? [Y/n] ')
  terminal.close()
  if (/^(y|yes|)$/i.test(answer.trim()))
    spawnSync(process.execPath, [join(root, 'scripts', 'setup-gpu.mjs')], { stdio: 'inherit' })
}

function readArguments() {
  try {
    return parseArgs({
      options: {
        open: { type: 'boolean' },
        port: { type: 'string' },
        data: { type: 'string' },
        web: { type: 'boolean' },
        help: { type: 'boolean' },
      },
    }).values
  } catch (error) {
    console.error(`${error.message.split('. ')[0]}.\n${usage}`)
    process.exit(2)
  }
}

/** Null once the desktop app has been opened and closed again; else why it could not be opened. */
async function openDesktop() {
  if (!hasDisplay()) return 'There is no display (neither DISPLAY nor WAYLAND_DISPLAY is set)'
  let electron = findElectron({ cached: true })
  if (!electron) {
    console.log(`Fetching Electron ${wantedVersion()}, once …`)
    const complaint = downloadElectron({ timeoutMs: downloadLimitMs })
    if (complaint !== null) return `There is no Electron on this machine and ${complaint}`
    electron = findElectron()
  }
  const { ELECTRON_RUN_AS_NODE: _node, ...env } = process.env
  const startedMs = performance.now()
  const status = await run(
    electron.executable,
    [...rootArguments(), root, ...(asked.data ? ['--data', asked.data] : [])],
    env,
  )
  if (status !== 0 && performance.now() - startedMs < failedStartMs)
    return `Electron ${electron.version} could not open its window (exit status ${status})`
  process.exitCode = status
  return null
}

/**
 * Runs to the end. A terminal's Ctrl+C reaches the child by itself, which ends well; without a terminal it is passed
 * on.
 */
function run(command, args, env = process.env) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: root, env, stdio: 'inherit' })
    const interrupt = () => {
      if (!process.stdin.isTTY) child.kill('SIGINT')
    }
    process.on('SIGINT', interrupt)
    const pass = () => child.kill('SIGTERM')
    process.on('SIGTERM', pass)
    child.on('error', (error) => {
      console.error(error.message)
      resolve(1)
    })
    child.on('exit', (code, signal) => {
      process.off('SIGINT', interrupt)
      process.off('SIGTERM', pass)
      resolve(code ?? (signal === 'SIGINT' || signal === 'SIGTERM' ? 0 : 1))
    })
  })
}
