// `npm test`: types, lint, unused code, every kind of test (vitest.config.mts) and a build between, each to its end
// even when one before it failed.
// What cannot run here is named with the command that would make it run, and counted as skipped; with CI=true a skip is
// a failure.
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { delimiter, join, relative } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { findChromium } from './chromium.mjs'
import { findElectron, hasDisplay, root } from './electron.mjs'
import { runLanes } from './lanes.mjs'
import { findPeers, setupPeers } from './setup-peers.mjs'

const isCi = ['true', '1'].includes(process.env.CI ?? '')
const results = join(root, 'test-results')
const bin = (name) => join(root, 'node_modules', ...name.split('/'))
const total = { passed: 0, failed: 0, skipped: 0 }
const failures = []
const skips = []
/** Passed, but only when tried again: real processes on a busy machine, or a fault that is rare. Always named. */
const secondTries = []
const times = []

/** A program's processes are one group, which ends as one. */
const isGrouped = process.platform !== 'win32'
const running = new Set()

/**
 * One program to its end, or to the end of its minutes: what turns in a circle would otherwise hide what comes after
 * it. Its exit status. What one says that runs beside others is shown when it has ended.
 */
function run(command, args, { isBeside = false, minutes = 30 } = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd: root,
      stdio: isBeside ? ['ignore', 'pipe', 'pipe'] : 'inherit',
      detached: isGrouped,
    })
    const stop = () => {
      try {
        process.kill(isGrouped ? -child.pid : child.pid, 'SIGKILL')
      } catch {} // ended at this moment
    }
    running.add(stop)
    const limit = setTimeout(() => {
      console.error(`${[command, ...args].join(' ')} was ended after ${minutes} minutes.`)
      stop()
    }, minutes * 60_000)
    let words = ''
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => (words += chunk))
    child.on('error', (error) => console.error(error.message))
    child.on('close', (status) => {
      clearTimeout(limit)
      running.delete(stop)
      process.stdout.write(words)
      resolve(status ?? 1)
    })
  })
}

for (const signal of ['SIGINT', 'SIGTERM'])
  process.once(signal, () => {
    for (const stop of running) stop()
    process.exit(1)
  })

const node = (...args) => run(process.execPath, args)

async function timed(name, work) {
  console.log(`\n── ${name} ──`)
  const startedMs = performance.now()
  await work()
  times.push(`${name} ${((performance.now() - startedMs) / 1000).toFixed(0)} s`)
}

/** What counts as one test. */
function count(name, isGood) {
  if (isGood) total.passed++
  else {
    total.failed++
    failures.push(name)
  }
}

function skip(what, remedy) {
  total.skipped++
  skips.push(`${what}. To run it: ${remedy}`)
}

/** The command that makes a skipped test run, by the file it is in. */
function remedyOf(where) {
  if (where.includes('tensorflow') && !where.includes('wasm')) return 'npm run setup:tensorflow'
  if (where.includes('ptx')) return 'npm run setup:nvrtc'
  if (where.includes('/gpu')) return 'npm run setup:gpu, and on Debian apt-get install mesa-vulkan-drivers libvulkan1'
  if (where.includes('transformers') || where.includes('pytorch')) return 'npm run setup:peers'
  if (where.includes('arm64')) return 'apt-get install g++-aarch64-linux-gnu qemu-user'
  if (where.includes('slurm')) return 'apt-get install slurm-wlm munge openssh-server openssh-client rsync'
  return 'its name says what it needs'
}

/** The first lines of a failed try, for the end of a long log. */
const beginningOf = (message) =>
  stripVTControlCharacters(message)
    .split('\n')
    .slice(0, 12)
    .map((line) => `      ${line}`)
    .join('\n')

/** One run of vitest; counts what its JSON report says, and a report that is not there as one failure. */
const suite = (name, { projects = [name], prefix = [], retries = 0, isBeside = false, minutes } = {}) =>
  timed(name, async () => {
    const report = join(results, `${name}.json`)
    rmSync(report, { force: true })
    const args = [
      bin('vitest/vitest.mjs'),
      'run',
      ...projects.flatMap((project) => ['--project', project]),
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${report}`,
      '--passWithNoTests=false',
      `--retry=${retries}`,
    ]
    const [command, ...before] = [...prefix, process.execPath]
    const status = await run(command, [...before, ...args], { isBeside, minutes })
    if (!existsSync(report)) {
      total.failed++
      failures.push(`${name}: ended with status ${status} and no report`)
      return
    }
    const { testResults } = JSON.parse(readFileSync(report, 'utf8'))
    let failed = 0
    for (const file of testResults) {
      const where = relative(root, file.name)
      if (file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed')) {
        // Its preparation failed, so its tests were not even tried.
        failed++
        failures.push(`${where}: ${(file.message || 'failed outside its tests').split('\n')[0]}`)
        continue
      }
      for (const test of file.assertionResults) {
        if (test.status === 'passed') {
          total.passed++
          if (test.failureMessages.length > 0)
            secondTries.push(`${where}: ${test.fullName} (${test.failureMessages[0].split('\n')[0]})`)
        } else if (test.status === 'failed') {
          failed++
          failures.push(`${where}: ${test.fullName}\n${test.failureMessages.map(beginningOf).join('\n')}`)
        } else skip(`${where}: ${test.fullName}`, remedyOf(where))
      }
    }
    if (status !== 0 && failed === 0) {
      failed++
      failures.push(`${name}: ended with status ${status} although its tests passed`)
    }
    total.failed += failed
  })

function isOnPath(name) {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => existsSync(join(folder, name)))
}

mkdirSync(results, { recursive: true })
const startedMs = performance.now()

for (const { name, isGood, seconds } of await runLanes(['lint'], ['types', 'unused'])) {
  count(name, isGood)
  times.push(`${name} ${seconds} s`)
}
if (isCi) {
  // Nothing may be skipped there, so what the tests compare with is obtained first.
  await timed('peers', async () => {
    for (const what of ['tensorflow', 'gpu', 'nvrtc']) await node(join(root, 'scripts', `setup-${what}.mjs`))
    const problem = findPeers() ? null : setupPeers()
    if (problem) console.error(`${problem}.`)
  })
}
const python = findPeers()
if (python) process.env.ISOFLOP_PYTHON = python
await suite('unit', { projects: ['pure', 'unit', 'whole'] })
await timed('build', async () => count('build', (await node(join(root, 'scripts', 'build.mjs'))) === 0))
// A Slurm mostly waits for itself.
const slurm = suite('slurm', { retries: 1, isBeside: true, minutes: 60 })
await suite('integration', { retries: 1, minutes: 60 })
await suite('slow', { retries: 1 })
await slurm
await suite('campaign', { retries: 1 })

const chromium = await findChromium()
if (chromium.executable) await suite('browser', { retries: 1 })
else
  skip(`browser tests: ${chromium.reason}`, 'apt-get install chromium (or put a Chromium on the PATH), then npm test')

if (!findElectron({ cached: true })) await node(join(root, 'scripts', 'setup-electron.mjs'))
const electron = findElectron({ cached: true })
const virtual = hasDisplay() ? [] : ['xvfb-run', '-a', '-s', '-screen 0 1600x1000x24']
if (!electron)
  skip(
    'launch tests: there is no Electron on this machine',
    'ELECTRON_OVERRIDE_DIST_PATH=<folder of an Electron> npm test, or npm run setup:electron where its download can be reached',
  )
else if (virtual.length > 0 && !isOnPath('xvfb-run'))
  skip(
    'launch tests: there is no display',
    'apt-get install xvfb xauth libgtk-3-0 libnss3 libgbm1 libasound2, then npm test',
  )
else await suite('launch', { prefix: virtual, retries: 1 })

const list = (title, lines) => {
  if (lines.length > 0) console.log(`\n${title}\n${lines.map((line) => `  ${line}`).join('\n')}`)
}
console.log(`\n${times.join(', ')}; ${((performance.now() - startedMs) / 60_000).toFixed(1)} min in all`)
list('Failed:', failures)
list('Passed when tried again:', secondTries)
list(isCi ? 'Skipped, which CI does not allow:' : 'Skipped:', skips)
console.log(`\n${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`)
process.exitCode = total.failed > 0 || (isCi && total.skipped > 0) ? 1 : 0
