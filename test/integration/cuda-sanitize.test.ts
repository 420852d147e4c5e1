// The emulated card once more, its kernels built with AddressSanitizer and UndefinedBehaviorSanitizer.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { expect, it } from 'vitest'
import { canEmulate } from '../support/cuda/build.ts'

const compiler = process.env.CXX ?? 'g++'
/** The sanitizer's runtime must be in the process before Node is; only gcc on Linux tells where it lies. */
const runtime = spawnSync(compiler, ['-print-file-name=libasan.so'], { encoding: 'utf8' }).stdout?.trim() ?? ''

it.skipIf(!canEmulate || !existsSync(runtime))(
  'the kernels for NVIDIA cards run clean under the sanitizers',
  () => {
    const tests = 'test/main/core/engine/cuda/cuda.slow.test.ts'
    const { status, stdout, stderr } = spawnSync(
      'npx',
      ['vitest', 'run', '--project', 'slow', '--testTimeout', '600000', tests],
      {
        encoding: 'utf8',
        env: {
          ...process.env,
          EMULATED_CUDA_SANITIZE: '1',
          LD_PRELOAD: runtime,
          // fibers change stacks, so what a frame leaves behind is no sign of anything
          ASAN_OPTIONS: 'detect_leaks=0:detect_stack_use_after_return=0:abort_on_error=0',
          UBSAN_OPTIONS: 'print_stacktrace=1',
          VITEST: undefined,
          NODE_OPTIONS: '',
        },
      },
    )
    const said = `${stdout}\n${stderr}`
    expect(said).not.toMatch(/AddressSanitizer|runtime error/)
    expect(status, said.slice(-3000)).toBe(0)
  },
  600_000,
)
