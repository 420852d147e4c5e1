// npm run setup:tensorflow — puts a current libtensorflow under @tensorflow/tfjs-node-gpu: the CUDA build where there
// is an NVIDIA GPU,
// the CPU build elsewhere. --check only reports (exit status 0 when TensorFlow works); --cpu takes the CPU build in any
// case; --force
// does it again. Everything is made aside, tried there, and put in place by renaming: a failure leaves what was there
// before.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { compileBinding, nameLibraries, tryBinding, tryPackage } from './tensorflow/binding.mjs'
import { Problem } from './setup/problem.mjs'
import { fetchWheel, findWheel, unpackWheel } from './setup/wheels.mjs'

const tensorflow = '2.21.0'
const tfjs = '4.22.0'
const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const home = join(root, 'node_modules', '@tensorflow', 'tfjs-node-gpu')
const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'isoflop', 'tensorflow')
const marker = join(home, 'deps', 'isoflop.json')
const say = (text) => console.error(text)

/** Headers that the binding includes, of 13,000 in the wheel. */
const headers = "re.match(r'tensorflow/include/(tensorflow/c/|tensorflow/core/platform/|xla/tsl/|tsl/)', name)"
const libraries = "name in ('tensorflow/libtensorflow_cc.so.2', 'tensorflow/libtensorflow_framework.so.2')"

/** Names of the NVIDIA GPUs here; empty without a driver. */
function findGpus() {
  const { status, stdout } = spawnSync('nvidia-smi', ['--query-gpu=name', '--format=csv,noheader'], {
    encoding: 'utf8',
  })
  return status === 0 ? stdout.trim().split('\n').filter(Boolean) : []
}

/** What stands in the package now, and whether it works. */
function look() {
  if (!existsSync(join(home, 'package.json')))
    return { isHere: false, build: null, answer: { error: 'the package @tensorflow/tfjs-node-gpu is not installed' } }
  const build = existsSync(marker) ? JSON.parse(readFileSync(marker, 'utf8')).build : null
  return { isHere: true, build, answer: tryPackage(home) }
}

const describe = ({ answer, build }) =>
  `TensorFlow ${answer.version} works${answer.isGpu ? ' on the GPU' : ' on the CPU'}${build ? ` (${build} build)` : ''}.`

function checkMachine(build) {
  if (process.platform !== 'linux' || !['x64', 'arm64'].includes(process.arch)) {
    throw new Problem(
      `There is no recipe for libtensorflow on ${process.platform} ${process.arch} yet.`,
      'Isoflop trains there with its native engine; nothing else is needed.',
    )
  }
  const { glibcVersionRuntime } = process.report.getReport().header
  if (!glibcVersionRuntime)
    throw new Problem(
      'TensorFlow needs glibc; this system has another C library.',
      'Use the native engine, or a Debian or Ubuntu image.',
    )
  mkdirSync(cache, { recursive: true })
  const need = build === 'CUDA' ? 6e9 : 2e9 // each of the two folders: 3.2 + 5.2 GB, or 0.3 + 1 GB
  for (const folder of [cache, root]) {
    const { bavail, bsize } = statfsSync(folder)
    if (bavail * bsize < need)
      throw new Problem(
        `${folder} has ${Math.round((bavail * bsize) / 1e9)} GB left; the ${build} build of TensorFlow needs about ${need / 1e9}.`,
        'Make room and run this again.',
      )
  }
}

/** npm drops an optional package whose install script fails; its JavaScript alone is what is wanted. */
function installPackage() {
  say(`Installing @tensorflow/tfjs-node-gpu ${tfjs} without its own download.`)
  const { status, stderr } = spawnSync(
    'npm',
    ['install', '--no-save', '--ignore-scripts', '--no-audit', '--no-fund', `@tensorflow/tfjs-node-gpu@${tfjs}`],
    { cwd: root, encoding: 'utf8' },
  )
  if (status !== 0)
    throw new Problem(
      `npm could not install the package: ${stderr.trim().split('\n').pop()}`,
      'Check the network and run this again.',
    )
}

/** deps/ with the libraries and headers of one build. */
async function gather(build, aside) {
  const arch = process.arch === 'x64' ? 'x86_64' : 'aarch64'
  const platforms = [`manylinux_2_27_${arch}`, `manylinux_2_17_${arch}`, `manylinux2014_${arch}`]
  const main = findWheel(
    `${build === 'CUDA' || process.arch === 'arm64' ? 'tensorflow' : 'tensorflow-cpu'}==${tensorflow}`,
    platforms,
  )
  const wheels = [main]
  if (build === 'CUDA') {
    for (const line of main.requires) {
      const [, requirement] = /^(nvidia-[^;]+);.*\band-cuda\b/.exec(line) ?? []
      if (requirement && !requirement.startsWith('nvidia-cuda-nvcc'))
        wheels.push(findWheel(requirement.trim(), platforms)) // nvcc is for compiling
    }
  }
  const lib = join(aside, 'deps', 'lib')
  for (const wheel of wheels) {
    const path = await fetchWheel(wheel, cache, say)
    say(`Unpacking ${wheel.file}.`)
    if (wheel === main) {
      const found = unpackWheel(path, lib, libraries, 'os.path.basename(name)')
      if (found !== 2)
        throw new Problem(
          `${wheel.file} holds ${found} of the two libraries.`,
          'Please report it: the wheel has changed its form.',
        )
      unpackWheel(path, join(aside, 'deps'), headers, "name[len('tensorflow/'):]")
    } else {
      // As in site-packages: libtensorflow looks for CUDA in ../nvidia/*/lib from where it lies.
      unpackWheel(path, join(aside, 'deps'), "re.match(r'nvidia/[^/]+/lib/[^/]+\\.so[.0-9]*$', name)")
    }
  }
  nameLibraries(lib)
  writeFileSync(
    join(aside, 'deps', 'isoflop.json'),
    `${JSON.stringify({ build, wheels: wheels.map(({ file, sha256 }) => ({ file, sha256 })) }, null, 2)}\n`,
  )
}

/**
 * Exchanges deps/ and lib/ of the package for those made aside; the old ones come back if the new ones do not work in
 * place.
 */
function putInPlace(aside) {
  const parts = ['deps', 'lib']
  const old = join(aside, 'old')
  mkdirSync(old)
  const swap = (from, to) => {
    if (existsSync(from)) renameSync(from, to)
  }
  for (const part of parts) {
    swap(join(home, part), join(old, part))
    renameSync(join(aside, part), join(home, part))
  }
  const answer = tryPackage(home)
  if (!answer.error) return answer
  for (const part of parts) {
    rmSync(join(home, part), { recursive: true, force: true })
    swap(join(old, part), join(home, part))
  }
  throw new Problem(
    `TensorFlow was built but does not work in place: ${answer.error}`,
    'What was there before is back. Please report it.',
  )
}

async function setUp(options) {
  const gpus = findGpus()
  const wanted = gpus.length > 0 && process.arch === 'x64' && !options.has('--cpu') ? 'CUDA' : 'CPU'
  const before = look()
  if (!before.answer.error && (before.build === wanted || before.build === null) && !options.has('--force')) {
    say(`${describe(before)} Nothing to do.`)
    return
  }
  checkMachine(wanted)
  if (!before.isHere) installPackage()
  say(
    gpus.length > 0
      ? `Found ${gpus.join(', ')}: taking the ${wanted} build of TensorFlow ${tensorflow}.`
      : `No NVIDIA GPU: taking the CPU build of TensorFlow ${tensorflow}.`,
  )
  const aside = join(home, '..', `.isoflop-setup-${process.pid}`)
  const clean = () => rmSync(aside, { recursive: true, force: true })
  for (const signal of ['SIGINT', 'SIGTERM'])
    process.once(signal, () => {
      clean()
      process.exit(1)
    })
  try {
    mkdirSync(aside, { recursive: true })
    await gather(wanted, aside)
    say('Compiling the binding, about half a minute.')
    const { error } = tryBinding(compileBinding(home, aside))
    if (error)
      throw new Problem(
        `The binding was compiled but does not load: ${error}`,
        'Nothing was installed. Please report it.',
      )
    const answer = putInPlace(aside)
    say(describe({ answer, build: wanted }))
    if (wanted === 'CUDA' && !answer.isGpu)
      say('It did not find the GPU, though: is the NVIDIA driver at least 525? It will train on the CPU.')
  } finally {
    clean()
  }
}

const options = new Set(process.argv.slice(2))
const unknown = [...options].filter((option) => !['--check', '--cpu', '--force'].includes(option))
try {
  if (unknown.length > 0) throw new Problem(`${unknown[0]} is not an option.`, 'There are --check, --cpu and --force.')
  if (options.has('--check')) {
    const state = look()
    const gpus = findGpus()
    say(`NVIDIA GPU: ${gpus.length > 0 ? gpus.join(', ') : 'none found'}.`)
    if (state.answer.error)
      throw new Problem(
        `TensorFlow does not work in ${relative(root, home)}: ${state.answer.error}`,
        'Run: npm run setup:tensorflow',
      )
    say(describe(state))
  } else {
    await setUp(options)
  }
} catch (error) {
  if (!(error instanceof Problem)) throw error
  say(`${error.message}\n${error.remedy}`)
  process.exitCode = 1
}
