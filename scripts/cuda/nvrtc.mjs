// NVIDIA's run-time compiler through koffi: CUDA C++ becomes PTX on a machine without a card. Its library comes from a
// PyPI wheel, is needed by developers alone, and is never shipped.
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import koffi from 'koffi'

export const wheel = 'nvidia-cuda-nvrtc-cu12==12.4.127'

/** The kernels' files and the oldest architecture that each is compiled for. */
export const modules = [
  { name: 'fp32', architecture: 'compute_75', version: '6.4' },
  { name: 'bf16', architecture: 'compute_80', version: '7.0' },
]

/** Where setup-nvrtc.mjs puts it. */
export const fetched = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'isoflop', 'nvrtc')

/** The folder with libnvrtc: ISOFLOP_NVRTC, what setup:nvrtc fetched, or where python3 has the wheel; null: nowhere. */
export function findNvrtc() {
  const asked = process.env.ISOFLOP_NVRTC
  if (asked) return existsSync(asked) ? asked : null
  const own = join(fetched, 'nvidia', 'cuda_nvrtc', 'lib')
  if (existsSync(own)) return own
  const found = spawnSync('python3', ['-c', 'import nvidia.cuda_nvrtc as n; print(list(n.__path__)[0])'], {
    encoding: 'utf8',
  })
  const folder = found.status === 0 ? join(found.stdout.trim(), 'lib') : null
  return folder && existsSync(folder) ? folder : null
}

/**
 * Loads the compiler. `compile(folder, module)` gives the PTX of `folder`/module.name.cu, `assemble(folder, module,
 * architecture)` what the assembler says of every kernel on one card: registers, stack, spills. Both throw the report
 * of what does not compile.
 */
export function loadNvrtc(folder) {
  const files = readdirSync(folder)
  const open = (pattern) =>
    koffi.load(
      join(
        folder,
        files.find((name) => pattern.test(name)),
      ),
    )
  open(/^libnvrtc-builtins\.so/) // asked for by its bare name: found because it is loaded already
  const library = open(/^libnvrtc\.so/)
  const program = 'uint64_t'
  const size = koffi.out('size_t *')
  const create = library.func('nvrtcCreateProgram', 'int', [
    koffi.out('uint64_t *'),
    'str',
    'str',
    'int',
    'const char **',
    'const char **',
  ])
  const compileProgram = library.func('nvrtcCompileProgram', 'int', [program, 'int', 'const char **'])
  const destroy = library.func('nvrtcDestroyProgram', 'int', [koffi.inout('uint64_t *')])
  const text = (name) => {
    const sizeOf = library.func(`nvrtcGet${name}Size`, 'int', [program, size])
    const read = library.func(`nvrtcGet${name}`, 'int', [program, 'uint8_t *'])
    return (handle) => {
      const bytes = [0]
      sizeOf(handle, bytes)
      const data = Buffer.alloc(Number(bytes[0]))
      read(handle, data)
      return data.toString('utf8').replace(/\0+$/, '')
    }
  }
  const [log, ptx] = [text('ProgramLog'), text('PTX')]

  /** Compiles one file with its headers; `take` reads what is wanted of the program that came out. */
  function build(sources, name, options, take) {
    const headers = readdirSync(sources).filter((file) => file.endsWith('.h'))
    const handle = [0]
    create(
      handle,
      readFileSync(join(sources, `${name}.cu`), 'utf8'),
      `${name}.cu`,
      headers.length,
      headers.map((file) => readFileSync(join(sources, file), 'utf8')),
      headers,
    )
    const all = ['--std=c++17', '--extra-device-vectorization', '-default-device', ...options]
    const code = compileProgram(handle[0], all.length, all)
    const report = log(handle[0])
    const made = code === 0 ? take(handle[0], report) : null
    destroy(handle)
    if (made === null) throw new Error(report)
    return made
  }

  return {
    compile: (sources, { name, architecture, version }) =>
      build(sources, name, [`--gpu-architecture=${architecture}`], ptx)
        // The compiler stamps its own version of the language; older drivers take what uses nothing newer.
        .replace(/^\.version .*$/m, `.version ${version}`)
        .replace(/[ \t]+/g, ' ')
        .replace(/^ | $/gm, '')
        .replace(/^\/\/.*\n/gm, '')
        .replace(/\n{2,}/g, '\n')
        .trimStart(),
    assemble: (sources, { name }, architecture) =>
      build(sources, name, [`--gpu-architecture=${architecture}`, '--ptxas-options=-v'], (_, report) => report),
  }
}
