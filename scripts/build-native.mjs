// Compiles src/native into build/native/isoflop-native.{so,dylib,dll} with the machine's C++ compiler, and writes
// build/compile_commands.json for clangd. Runs after `npm ci`: without a compiler it says so in one sentence and
// succeeds. --sanitize: with AddressSanitizer and UBSan, into build/native-sanitize; --arm64: for Linux on Arm, by
// Debian's g++-aarch64-linux-gnu, into build/native-arm64; --emulate: AVX-512's kernels of bf16 in instructions of
// AVX2, so that a processor without it can check them, into build/native-emulated; --require: fail where nothing could
// be built; --force: compile even what is unchanged.
import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { libraryIn } from './native-library.mjs'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const sources = join(root, 'src', 'native')
const options = new Set(process.argv.slice(2))
const isSanitized = options.has('--sanitize')
const isCrossed = options.has('--arm64')
const isEmulated = options.has('--emulate') && process.arch === 'x64'
const arch = isCrossed ? 'arm64' : process.arch
const kind = isSanitized ? '-sanitize' : isCrossed ? '-arm64' : isEmulated ? '-emulated' : ''
const folder = join(root, 'build', `native${kind}`)
const library = libraryIn(folder)
const stamp = join(folder, 'sources.sha256')
const aside = join(folder, `making-${process.pid}`)

/** One copy of the kernels for each instruction set of this architecture, widest last. */
const instructionSets =
  arch === 'x64'
    ? [
        { name: 'portable', flags: [] },
        { name: 'avx2', flags: ['-mavx2', '-mfma', '-DISOFLOP_AVX2'] },
        {
          name: 'avx512',
          flags: [
            '-mavx512f',
            '-mavx512dq',
            '-mavx512bw',
            '-mavx512vl',
            '-mfma',
            '-mprefer-vector-width=512',
            '-DISOFLOP_AVX512',
          ],
        },
      ]
    : [{ name: 'portable', label: arch === 'arm64' ? 'neon' : 'portable', flags: [] }]

const flags = [
  '-std=c++17',
  isSanitized ? '-O1' : '-O3',
  '-fvisibility=hidden',
  '-fno-math-errno',
  '-fno-trapping-math',
  '-Wall',
  '-Wextra',
  '-pthread',
  ...(process.platform === 'win32' ? [] : ['-fPIC']),
  ...(isSanitized
    ? ['-g', '-fsanitize=address,undefined', '-fno-sanitize-recover=undefined', '-fno-omit-frame-pointer']
    : []),
]

const compilers = isCrossed
  ? ['aarch64-linux-gnu-g++']
  : process.env.CXX
    ? [process.env.CXX]
    : process.platform === 'darwin'
      ? ['clang++', 'c++', 'g++']
      : ['g++', 'clang++', 'c++']
const compiler = compilers.find((name) => spawnSync(name, ['--version'], { stdio: 'ignore' }).status === 0)

/** Whether the compiler knows these flags. */
const understands = (...flags) =>
  compiler !== undefined &&
  spawnSync(compiler, [...flags, '-E', '-x', 'c++', '-'], { input: '', stdio: ['pipe', 'ignore', 'ignore'] }).status ===
    0

/** Instructions for bf16, which compilers before g++ 10 and clang 9 do not know, beside those of `wide`. */
const bf16 = {
  x64: { name: 'avx512bf16', wide: 'avx512', flag: '-mavx512bf16', definition: '-DISOFLOP_BF16' },
  arm64: { name: 'neonbf16', wide: 'portable', flag: '-march=armv8.2-a+bf16', definition: '-DISOFLOP_ARM_BF16' },
}[arch]
const knowsBf16 = bf16 !== undefined && !isEmulated && understands(bf16.flag)
const emulation = ['-O1', '-mavx2', '-mfma', '-Wno-psabi', '-DISOFLOP_EMULATED', '-DISOFLOP_AVX512']
const tiles = join(root, 'test', 'support', 'native', 'tiles.h')
const amx = ['-mamx-tile', '-mamx-bf16']
const knowsAmx = isEmulated || (knowsBf16 && arch === 'x64' && process.platform === 'linux' && understands(...amx))
const halfSets = instructionSets.map((set) =>
  isEmulated && set.name === 'avx512' ? { name: 'avx512', flags: emulation } : set,
)
if (knowsBf16) {
  const wide = instructionSets.find(({ name }) => name === bf16.wide)
  halfSets.push({ name: bf16.name, flags: [...wide.flags, bf16.flag, bf16.definition] })
}
if (knowsAmx)
  halfSets.push({
    name: 'avx512amx',
    flags: ['-DISOFLOP_AMX', ...(isEmulated ? [...emulation, '-include', tiles] : [...halfSets.at(-1).flags, ...amx])],
  })

/**
 * Baseline objects come first, so that where two define the same inline function the linker keeps the one every CPU can
 * run.
 */
const units = [
  ...['api', 'arena', 'gpu', 'gpu-memory', 'half-api', 'pool', 'scratch', 'shared-memory'].map((name) => ({
    object: name,
    source: `${name}.cpp`,
    flags: [
      ...(knowsBf16 ? ['-DISOFLOP_HAS_BF16'] : []),
      ...(knowsAmx ? ['-DISOFLOP_HAS_AMX'] : []),
      ...(isEmulated ? ['-DISOFLOP_EMULATED'] : []),
    ],
  })),
  ...instructionSets.map(({ name, label, flags }) => ({
    object: `isa-${name}`,
    source: 'isa.cpp',
    flags: [...flags, `-DISOFLOP_TABLE=${name}_table`, `-DISOFLOP_NAME="${label ?? name}"`],
  })),
  ...halfSets.map(({ name, label, flags }) => ({
    object: `half-${name}`,
    source: 'half.cpp',
    // shares headers with isa.cpp, of which it takes a part
    flags: [
      ...flags,
      '-Wno-unused-function',
      `-DISOFLOP_TABLE=${name}_half_table`,
      `-DISOFLOP_NAME="${label ?? name}"`,
    ],
  })),
]

function done(message, failed = false) {
  if (message) console.log(message)
  rmSync(aside, { recursive: true, force: true })
  process.exit(failed && options.has('--require') ? 1 : 0)
}

/** The arguments that compile one unit. */
const compileArguments = (unit, object) => [...flags, ...unit.flags, '-c', unit.source, '-o', object]

const run = (args) =>
  new Promise((resolve) => {
    const child = spawn(compiler, args, { cwd: sources, stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    child.stdout.on('data', (text) => {
      output += text
    })
    child.stderr.on('data', (text) => {
      output += text
    })
    child.on('error', (error) => resolve({ status: 1, output: String(error) }))
    child.on('close', (status) => resolve({ status: status ?? 1, output }))
  })

if (!existsSync(sources)) done('')
if (!compiler)
  done(
    'No C++ compiler was found, so the fast native engine was not built; install g++ or clang++ and run `npm rebuild`, or use another engine.',
    true,
  )

if (kind === '') {
  const commands = units.map((unit) => ({
    directory: sources,
    file: join(sources, unit.source),
    arguments: [compiler, ...compileArguments(unit, `${unit.object}.o`)],
  }))
  mkdirSync(join(root, 'build'), { recursive: true })
  writeFileSync(join(root, 'build', 'compile_commands.json'), `${JSON.stringify(commands, null, 2)}\n`)
}

const hash = createHash('sha256').update(JSON.stringify([process.platform, arch, compiler, flags, units]))
for (const name of readdirSync(sources, { recursive: true })
  .filter((file) => /\.(cpp|h)$/.test(file) && !file.startsWith('cuda'))
  .sort())
  hash.update(name).update(readFileSync(join(sources, name)))
const version = hash.digest('hex')
if (!options.has('--force') && existsSync(library) && existsSync(stamp) && readFileSync(stamp, 'utf8') === version)
  done('')

mkdirSync(aside, { recursive: true })
const started = Date.now()
try {
  const waiting = [...units].reverse() // the longest first
  const failures = []
  const worker = async () => {
    for (let unit = waiting.shift(); unit; unit = waiting.shift()) {
      const { status, output } = await run(compileArguments(unit, join(aside, `${unit.object}.o`)))
      if (status !== 0) failures.push(output)
      else if (output) console.log(output)
    }
  }
  await Promise.all(cpus().slice(0, 4).map(worker))
  const made = libraryIn(aside)
  if (failures.length === 0) {
    const { status, output } = await run([
      ...flags,
      '-shared',
      ...units.map(({ object }) => join(aside, `${object}.o`)),
      '-o',
      made,
      ...(process.platform === 'linux' ? ['-ldl'] : []), // before glibc 2.34 a library of its own
    ])
    if (status !== 0) failures.push(output)
  }
  if (failures.length > 0) {
    console.log(failures[0].slice(0, 4000))
    done(
      `${compiler} could not compile the native engine, so it was not built; the lab works with another engine.`,
      true,
    )
  }
  rmSync(stamp, { force: true })
  renameSync(made, library)
  writeFileSync(stamp, version)
  console.log(`Built the native engine with ${compiler} in ${((Date.now() - started) / 1000).toFixed(1)} s.`)
} finally {
  rmSync(aside, { recursive: true, force: true })
}
