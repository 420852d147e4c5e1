// The kernel tests once more, on a library built with AddressSanitizer and UndefinedBehaviorSanitizer; every
// instruction set this CPU has, and AVX-512's and AMX's kernels of bf16 compiled to AVX2 where it has only that.
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'

const library = resolve('build/native-sanitize/isoflop-native.so')
const compiler = process.env.CXX ?? 'g++'
const folder = 'test/main/core/engine/native'
/** The sanitizer's runtime must be in the process before Node is; only gcc on Linux tells where it lies. */
const runtime = spawnSync(compiler, ['-print-file-name=libasan.so'], { encoding: 'utf8' }).stdout?.trim() ?? ''
const processor = existsSync('/proc/cpuinfo') ? readFileSync('/proc/cpuinfo', 'utf8') : ''
const hasAvx512 = /\bavx512vl\b/.test(processor)
const instructionSets = ['avx512amx', 'avx512bf16', 'avx512', 'avx2', 'portable']
/** Without AVX-512 its emulation has no bf16 of its own; with it, tiles are not emulated. */
const areHere = instructionSets.filter((isa) =>
  isa === 'avx512bf16' ? hasAvx512 : isa !== 'avx512amx' || !hasAvx512 || /\bamx_bf16\b/.test(processor),
)
const isPossible = process.platform === 'linux' && existsSync(runtime)
/** Two hundred steps of whole trainings, once, with the best instructions; the kernels themselves with all of them. */
let isTrained = false

describe.skipIf(!isPossible)('under the sanitizers', () => {
  beforeAll(() => {
    const options = ['--sanitize', '--require', ...(hasAvx512 ? [] : ['--emulate'])]
    const built = spawnSync(process.execPath, ['scripts/build-native.mjs', ...options], { encoding: 'utf8' })
    expect(built.status, built.stdout).toBe(0)
  }, 600_000)

  it.each(areHere)(
    'the kernels of %s run clean',
    (isa) => {
      const isEmulated = isa.startsWith('avx512') && !hasAvx512
      const { status, stdout, stderr } = spawnSync(
        'npx',
        // the sanitizers make every test many times slower
        [
          ...['vitest', 'run', '--project', 'unit', '--project', 'slow', '--testTimeout', '600000', folder],
          ...(isTrained || isEmulated ? ['--exclude', '**/torch-curve.slow.test.ts'] : []),
          ...(isEmulated ? ['-t', 'bf16'] : []),
        ],
        {
          encoding: 'utf8',
          env: {
            ...process.env,
            ISOFLOP_ISA: isa,
            ISOFLOP_FUZZ: '2000',
            ISOFLOP_NATIVE: library,
            LD_PRELOAD: runtime,
            ASAN_OPTIONS: 'detect_leaks=0:abort_on_error=0',
            UBSAN_OPTIONS: 'print_stacktrace=1',
            VITEST: undefined,
            NODE_OPTIONS: '',
          },
        },
      )
      const said = `${stdout}\n${stderr}`
      if (said.includes('cannot run the native engine')) return // not this processor
      expect(said).not.toMatch(/AddressSanitizer|runtime error/)
      expect(status, said.slice(-3000)).toBe(0)
      isTrained ||= !isEmulated
    },
    600_000,
  )
})
