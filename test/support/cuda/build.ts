// Builds the emulated libcuda: the engine's kernels compiled by g++ over simt.h. Kept by the hash of its sources.
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const compiler = '/usr/bin/g++'
const here = __dirname
const kernels = join(here, '../../../src/native/cuda')

/** Whether this machine can run the emulator: its fibers are written for x86-64, its compiler is g++. */
export const canEmulate = process.platform === 'linux' && process.arch === 'x64' && existsSync(compiler)

/**
 * The library's path; under sanitizers where EMULATED_CUDA_SANITIZE is set. `change` may rewrite a kernel file's text,
 * so that a test can take a barrier away.
 */
export function buildEmulator(change: (text: string, file: string) => string = (text) => text): string {
  const texts = new Map<string, string>()
  for (const folder of [kernels, here])
    for (const file of readdirSync(folder).sort())
      if (/\.(h|cu|cpp)$/.test(file)) texts.set(file, change(readFileSync(join(folder, file), 'utf8'), file))
  const names = [...texts].flatMap(([file, text]) => (file === 'common.h' ? [] : kernelNames(text)))
  texts.set('kernel-list.h', names.map((name) => `LISTED(${name})\n`).join(''))
  const sanitizers = process.env.EMULATED_CUDA_SANITIZE ? ['-fsanitize=address,undefined', '-g', '-O1'] : []
  const flags = ['-std=c++17', '-O2', '-fPIC', '-shared', '-fvisibility=hidden', '-w', ...sanitizers]
  const version = createHash('sha256')
    .update(JSON.stringify([flags, ...texts]))
    .digest('hex')
    .slice(0, 16)
  const folder = join(tmpdir(), `isoflop-emulated-cuda-${version}`)
  const library = join(folder, 'libcuda.so')
  if (existsSync(library)) return library
  mkdirSync(folder, { recursive: true })
  for (const [file, text] of texts) writeFileSync(join(folder, file), text)
  const aside = join(folder, `making-${process.pid}.so`)
  const files = ['-I', folder, '-x', 'c++', join(folder, 'libcuda.cpp'), '-o', aside]
  execFileSync(compiler, [...flags, ...files], { stdio: ['ignore', 'ignore', 'pipe'] })
  renameSync(aside, library)
  return library
}

/** What is declared by KERNEL, and by the macros that make several of one. */
function kernelNames(text: string): string[] {
  const kernel = String.raw`^KERNEL\s+(?:__launch_bounds__\([\d, ]+\)\s+)?(\w+)\(`
  const declared = new RegExp(`${kernel}|${String.raw`^(?:HALF_)?(?:PRODUCT|ATTENTION\w*)\((\w+),`}`, 'gm')
  return [...text.matchAll(declared)].map(([, alone, made]) => alone ?? made)
}
