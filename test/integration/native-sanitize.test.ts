// The kernel tests once more, on a library built with AddressSanitizer and UndefinedBehaviorSanitizer; every
// instruction set this CPU has.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'

const library = resolve('build/native-sanitize/isoflop-native.so')
const compiler = process.env.CXX ?? 'g++'
const folder = 'test/main/core/engine/native'
/** The sanitizer's runtime must be in the process before Node is; only gcc on Linux tells where it lies. */
const runtime = spawnSync(compiler, ['-print-file-name=libasan.so'], { encoding: 'utf8' }).stdout?.trim() ?? ''
const isPossible = process.platform === 'linux' && existsSync(runtime)
/** Two hundred steps of whole trainings, once, with the best instructions; the kernels themselves with all of them. */
let isTrained = false

describe.skipIf(!isPossible)('under the sanitizers', () => {
  beforeAll(() => {
    const built = spawnSync(process.execPath, ['scripts/build-native.mjs', '--sanitize', '--require'], {
      encoding: 'utf8',
    })
    expect(built.status, built.stdout).toBe(0)
  }, 600_000)

  it.each(['avx512bf16', 'avx512', 'avx2', 'portable'])(
    'the kernels of %s run clean',
    (isa) => {
      const { status, stdout, stderr } = spawnSync(
        'npx',
        // the sanitizers make every test many times slower
        [
          ...['vitest', 'run', '--project', 'unit', '--project', 'slow', '--testTimeout', '600000', folder],
          ...(isTrained ? ['--exclude', '**/torch-curve.slow.test.ts'] : []),
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
      isTrained = true
    },
    600_000,
  )
})
