// The native engine built for Linux on Arm, its products and attention in bf16 run by an emulated processor: with Arm's
// own instruction for them, and on one that has none.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const has = (name: string): boolean =>
  (process.env.PATH ?? '').split(':').some((folder) => existsSync(join(folder, name)))
const isPossible = process.arch === 'x64' && has('aarch64-linux-gnu-g++') && has('qemu-aarch64')

describe.skipIf(!isPossible)('on Arm (needs g++-aarch64-linux-gnu and qemu-user)', () => {
  const library = resolve('build/native-arm64')
  const programs = ['products', 'attention']
  let folder: string
  beforeAll(() => {
    const built = spawnSync(process.execPath, ['scripts/build-native.mjs', '--arm64', '--require'], {
      encoding: 'utf8',
    })
    expect(built.status, built.stdout).toBe(0)
    folder = mkdtempSync(join(tmpdir(), 'isoflop-arm64-'))
    for (const program of programs) {
      const source = resolve(`test/support/native/${program}.cpp`)
      const args = ['-O1', '-std=c++17', source, join(library, 'isoflop-native.so'), `-Wl,-rpath,${library}`]
      const linked = spawnSync('aarch64-linux-gnu-g++', [...args, '-o', join(folder, program)], { encoding: 'utf8' })
      expect(linked.status, linked.stderr).toBe(0)
    }
  }, 600_000)
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  const processors = [
    ['max', '', 'neonbf16'],
    ['max', 'neon', 'neon'],
    ['cortex-a57', '', 'neon'],
  ]
  it.each(programs.flatMap((program) => processors.map((one) => [program, ...one])))(
    '%s on processor %s, asked for "%s", are right with %s',
    (program, processor, asked, name) => {
      const args = ['-cpu', processor, '-L', '/usr/aarch64-linux-gnu', join(folder, program), asked]
      const { stdout, stderr } = spawnSync('qemu-aarch64', args, { encoding: 'utf8' })
      expect(stdout.trim(), stderr).toBe(`${name}: 120 of 120 right`)
    },
  )
})
