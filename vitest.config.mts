// Kinds of test: pure (arithmetic), unit (plain Node, quick), whole (labs and screens), slow (the same, seconds each), integration (built workers),
// slurm (a real one, beside the others), campaign (faults of every kind), browser (the web door), launch (a real
// Electron); llama runs apart.
import vue from '@vitejs/plugin-vue'
import { configDefaults, defineConfig } from 'vitest/config'

const slow = [
  'test/integration/**',
  'test/browser/**',
  'test/launch/**',
  'test/bench/**',
  'test/llama/**',
  'test/campaign/**',
  'test/**/*.slow.test.ts',
]

/** Arithmetic, which leaves nothing behind: these files share a process and what it has loaded, for half the time. */
const pure = [
  ...['test/shared/**', 'test/published/**', 'test/renderer/{charts,curves}/**', 'test/main/doors/cli/**'],
  'test/main/core/{corpus,evaluation,generation,model-formats,mup-checks,reports,tokenizer,training}/**',
]

/** Whole labs with workers of their own, and whole screens: in `npm test`, not in `npm run check`. */
const whole = ['test/main/lab/**', 'test/renderer/views/**']

export default defineConfig({
  test: {
    testTimeout: 30_000,
    setupFiles: ['test/support/seed.ts'],
    // Playwright's own question to a window that has just been closed: nobody waits for the answer, and no test can
    // catch it.
    onUnhandledError: ({ message }) => !/^Protocol error \(.*\): .*session closed/.test(message),
    projects: [
      {
        plugins: [vue()],
        test: {
          name: 'pure',
          include: pure.map((folder) => `${folder}/*.test.ts`),
          exclude: [...configDefaults.exclude, ...slow],
          isolate: false,
          testTimeout: 30_000,
          hookTimeout: 30_000,
        },
      },
      {
        plugins: [vue()],
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: [...configDefaults.exclude, ...slow, ...pure, ...whole],
          testTimeout: 30_000,
          hookTimeout: 30_000,
        },
      },
      {
        plugins: [vue()],
        test: {
          name: 'whole',
          include: whole.map((folder) => `${folder}/*.test.ts`),
          exclude: [...configDefaults.exclude, ...slow],
          testTimeout: 30_000,
          hookTimeout: 30_000,
        },
      },
      {
        test: {
          name: 'integration',
          include: ['test/integration/**/*.test.ts'],
          exclude: [...configDefaults.exclude, 'test/integration/slurm*.test.ts'],
          testTimeout: 300_000,
          hookTimeout: 300_000,
          fileParallelism: false,
        },
      },
      {
        test: {
          name: 'slurm',
          include: ['test/integration/slurm*.test.ts'],
          testTimeout: 600_000,
          hookTimeout: 300_000,
          fileParallelism: false,
        },
      },
      {
        test: {
          name: 'browser',
          include: ['test/browser/**/*.test.ts'],
          testTimeout: 300_000,
          hookTimeout: 300_000,
          fileParallelism: false,
        },
      },
      { test: { name: 'slow', include: ['test/**/*.slow.test.ts'], testTimeout: 120_000, hookTimeout: 120_000 } },
      {
        test: {
          name: 'campaign',
          include: ['test/campaign/**/*.test.ts'],
          testTimeout: 7_200_000,
          hookTimeout: 300_000,
          fileParallelism: false,
        },
      },
      { test: { name: 'llama', include: ['test/llama/**/*.test.ts'], testTimeout: 300_000, hookTimeout: 300_000 } },
      {
        test: {
          name: 'launch',
          include: ['test/launch/**/*.test.ts'],
          testTimeout: 300_000,
          hookTimeout: 300_000,
          fileParallelism: false,
        },
      },
    ],
  },
})
