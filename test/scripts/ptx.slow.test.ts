// The PTX that is checked in is what the kernels' sources make; it names the oldest cards and drivers that it serves.
import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { kernelSignatures } from '#main/core/engine/cuda/signatures.ts'
import { importNvrtc } from '../support/nvrtc.ts'

const { findNvrtc, loadNvrtc, modules, wheel } = await importNvrtc()
const root = join(__dirname, '../..')
const ptxOf = (name: string) => readFileSync(join(root, 'resources', 'cuda', `${name}.ptx`), 'utf8')
const nvrtc = findNvrtc()

it.skipIf(!nvrtc)(`is up to date (npm run build:ptx; needs ${wheel}, which npm run setup:nvrtc fetches)`, () => {
  const { compile } = loadNvrtc(nvrtc!)
  for (const module of modules) expect(compile(join(root, 'src/native/cuda'), module) === ptxOf(module.name)).toBe(true)
})

it('has every kernel that the engine asks for, with the arguments it gives', () => {
  const types = { p: '.u64', l: '.u64', i: '.u32', f: '.f32' }
  const found = new Map<string, string[]>()
  for (const { name } of modules)
    for (const [, kernel, parameters] of ptxOf(name).matchAll(/\.entry (\w+)\(([^)]*)\)/g))
      found.set(
        kernel,
        [...parameters.matchAll(/\.param (\.\w+)/g)].map(([, type]) => type),
      )
  expect([...found.keys()].sort()).toEqual(Object.keys(kernelSignatures).sort())
  for (const [kernel, signature] of Object.entries(kernelSignatures))
    expect(found.get(kernel), kernel).toEqual(signature.split(' ').map((letter) => types[letter as keyof typeof types]))
})

it('serves cards from Turing on and drivers from 525 on, in at most 1 MiB', () => {
  for (const { name, architecture, version } of modules) {
    expect(ptxOf(name)).toContain(`.version ${version}\n.target sm_${architecture.slice('compute_'.length)}\n`)
    expect(Number(version)).toBeLessThanOrEqual(8.0)
    expect(existsSync(join(root, 'src/native/cuda', `${name}.cu`))).toBe(true)
  }
  const bytes = modules.reduce((sum, { name }) => sum + statSync(join(root, 'resources/cuda', `${name}.ptx`)).size, 0)
  expect(bytes).toBeLessThanOrEqual(2 ** 20)
})
