// Python wheels as a source of libraries: asked for through pip, fetched with resume, checked against the index's
// SHA-256.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  copyFileSync,
  createReadStream,
  createWriteStream,
  existsSync,
  mkdirSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { fileURLToPath } from 'node:url'
import { Problem } from './problem.mjs'

/** @typedef {{ name: string, version: string, url: string, file: string, sha256: string, requires: string[] }} Wheel */

const python = process.platform === 'win32' ? 'python' : 'python3'
const pip = (...args) => spawnSync(python, ['-m', 'pip', ...args], { encoding: 'utf8', maxBuffer: 64 * 2 ** 20 })
const lastLine = (text) =>
  text
    .trim()
    .split('\n')
    .filter((line) => /error/i.test(line))
    .pop() ??
  text.trim().split('\n').pop() ??
  ''

/** What the configured package index has for a requirement; downloads nothing. @returns {Wheel} */
export function findWheel(requirement, platforms) {
  const { status, stdout, stderr, error } = pip(
    'install',
    '--dry-run',
    '--quiet',
    '--report',
    '-',
    '--no-deps',
    '--ignore-installed',
    '--target',
    join('build', 'nowhere'),
    '--only-binary=:all:',
    '--python-version',
    '3.12',
    ...platforms.flatMap((platform) => ['--platform', platform]),
    requirement,
  )
  if (error || /No module named pip/.test(stderr)) {
    throw new Problem(
      'Python 3 with pip is needed to find TensorFlow.',
      'Install python3 and python3-pip (Debian: apt-get install python3-pip) and run this again.',
      error,
    )
  }
  if (/no such option: --report|no such option: --dry-run/.test(stderr)) {
    throw new Problem(
      'This pip is too old to say where a package lies.',
      'Update it (python3 -m pip install --upgrade pip) and run this again.',
    )
  }
  if (status !== 0)
    throw new Problem(
      `The package index has no ${requirement} to give: ${lastLine(stderr)}`,
      'Check the network, or the index in `pip config list`, and run this again.',
    )
  const [
    {
      metadata,
      download_info: { url, archive_info: archive },
    },
  ] = JSON.parse(stdout).install
  const sha256 = archive?.hashes?.sha256 ?? archive?.hash?.replace(/^sha256=/, '')
  if (!sha256)
    throw new Problem(
      `The package index gives no SHA-256 for ${requirement}.`,
      'Use an index that does, such as https://pypi.org/simple.',
    )
  return {
    name: metadata.name,
    version: metadata.version,
    url,
    file: decodeURIComponent(new URL(url).pathname.split('/').pop()),
    sha256,
    requires: metadata.requires_dist ?? [],
  }
}

async function sha256Of(path) {
  const hash = createHash('sha256')
  await pipeline(createReadStream(path), hash)
  return hash.digest('hex')
}

/**
 * The wheel's path in `folder`, downloaded unless it is there already; an interrupted download goes on where it
 * stopped.
 */
export async function fetchWheel(wheel, folder, say) {
  mkdirSync(folder, { recursive: true })
  const path = join(folder, wheel.file)
  if (existsSync(path)) {
    if ((await sha256Of(path)) === wheel.sha256) return path
    rmSync(path)
  }
  const part = `${path}.part`
  try {
    await download(wheel, part, say)
  } catch (cause) {
    if (cause instanceof Problem) throw cause
    say(`A direct download did not work (${cause.cause?.code ?? cause.message}); asking pip instead.`)
    downloadByPip(wheel, folder, part)
  }
  const actual = await sha256Of(part)
  if (actual !== wheel.sha256) {
    rmSync(part)
    throw new Problem(
      `${wheel.file} arrived damaged: SHA-256 ${actual}, expected ${wheel.sha256}.`,
      'Nothing was installed. Run this again to download it anew.',
    )
  }
  renameSync(part, path)
  return path
}

async function download({ url, file }, part, say) {
  if (url.startsWith('file:')) return copyFileSync(fileURLToPath(url), part)
  const have = existsSync(part) ? statSync(part).size : 0
  const response = await fetch(url, have > 0 ? { headers: { Range: `bytes=${have}-` } } : {})
  if (response.status === 416) return // all of it is here already; the checksum will say whether it is right
  if (!response.ok) throw new Error(`${response.status} ${response.statusText}`)
  const isResumed = response.status === 206
  const start = isResumed ? have : 0
  const total = start + Number(response.headers.get('content-length') ?? 0)
  say(`${isResumed ? 'Going on with' : 'Downloading'} ${file}, ${megabytes(total - start)} MB.`)
  let received = start
  let told = start
  const counted = async function* (chunks) {
    for await (const chunk of chunks) {
      received += chunk.length
      if (received - told > total / 10) {
        told = received
        say(`  ${megabytes(received)} of ${megabytes(total)} MB`)
      }
      yield chunk
    }
  }
  try {
    await pipeline(Readable.fromWeb(response.body), counted, createWriteStream(part, { flags: isResumed ? 'a' : 'w' }))
  } catch (cause) {
    if (cause.code === 'ENOSPC')
      throw new Problem('The disk is full.', `Make room and run this again; it goes on from ${part}.`, cause)
    throw new Problem(
      `The download of ${file} broke off after ${megabytes(received)} MB.`,
      'Run this again: it goes on where it stopped.',
      cause,
    )
  }
}

/** For networks that only pip's settings know a way through. */
function downloadByPip({ name, version, file }, folder, part) {
  const platform = /-([^-]+)\.whl$/.exec(file)?.[1]
  const platforms = (platform ?? 'any').split('.').flatMap((one) => ['--platform', one])
  const { status, stderr, error } = pip(
    'download',
    '--quiet',
    '--no-deps',
    '--only-binary=:all:',
    '--python-version',
    '3.12',
    ...platforms,
    '--dest',
    folder,
    `${name}==${version}`,
  )
  if (status !== 0)
    throw new Problem(
      `pip could not download ${name} ${version}: ${error ? `${python} is not here` : lastLine(stderr)}`,
      'Check the network or the proxy in `pip config list`, and run this again.',
    )
  renameSync(join(folder, file), part)
}

/**
 * Unpacks what `wanted` (Python, over `name`) lets through, as `name -> target` given by the Python expression
 * `target`.
 */
export function unpackWheel(path, folder, wanted, target = 'name') {
  const program = `
import os, re, shutil, sys, zipfile
archive = zipfile.ZipFile(sys.argv[1])
count = 0
for info in archive.infolist():
    name = info.filename
    if info.is_dir() or not (${wanted}): continue
    out = os.path.join(sys.argv[2], ${target})
    if not os.path.realpath(out).startswith(os.path.realpath(sys.argv[2]) + os.sep): sys.exit('outside: ' + name)
    os.makedirs(os.path.dirname(out), exist_ok=True)
    with archive.open(info) as source, open(out, 'wb') as file: shutil.copyfileobj(source, file, 1 << 20)
    count += 1
print(count)`
  const { status, stdout, stderr } = spawnSync('python3', ['-c', program, path, folder], { encoding: 'utf8' })
  if (/No space left/.test(stderr)) throw new Problem('The disk is full.', 'Make room and run this again.')
  if (status !== 0)
    throw new Problem(`${path} could not be unpacked: ${lastLine(stderr)}`, 'Delete that file and run this again.')
  return Number(stdout)
}

const megabytes = (bytes) => Math.round(bytes / 1e6)
