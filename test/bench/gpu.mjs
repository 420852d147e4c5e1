// The graphics engine on this machine's card: the kernel suite, the rates of its products, and steps of a model with
// the time of every kernel.
//   node test/bench/gpu.mjs [--suite] [--tiles 4096] [--shape 50257,768,12,12,1024,8 …] [--steps 5] [--bundle FILE]
// Prints a JSON document a line; --bundle only writes the program into a file that runs elsewhere with Node alone.
import { createRequire } from 'node:module'
import { copyFileSync, existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const { values } = parseArgs({
  options: {
    suite: { type: 'boolean' },
    tiles: { type: 'string' },
    shape: { type: 'string', multiple: true },
    unroll: { type: 'string', default: '4' },
    steps: { type: 'string', default: '5' },
    bundle: { type: 'string' },
    parts: { type: 'string' },
  },
})
const root = resolve(fileURLToPath(import.meta.url), '../../..')
const say = (document) => console.log(JSON.stringify(document))

async function bundle() {
  const { build } = await import('vite')
  const folder = join(root, 'build', 'bench-gpu')
  await build({
    root,
    configFile: false,
    logLevel: 'error',
    resolve: { alias: { vitest: join(root, 'test/support/small-vitest.ts') } },
    build: {
      ssr: 'test/bench/gpu-parts.ts',
      outDir: folder,
      emptyOutDir: true,
      target: 'node16',
      rollupOptions: {
        external: ['koffi', /^@tensorflow\//],
        output: { format: 'cjs', entryFileNames: 'parts.cjs', codeSplitting: false },
      },
    },
    ssr: { noExternal: true },
  })
  return join(folder, 'parts.cjs')
}

const parts = values.parts && existsSync(values.parts) ? resolve(values.parts) : await bundle()
if (values.bundle) copyFileSync(parts, values.bundle)
else {
  const { checkKernels, rateTiles, profileSteps, parseBenchShape } = createRequire(import.meta.url)(parts)
  if (values.suite) say({ failures: await checkKernels() })
  if (values.tiles) for (const rate of await rateTiles(Number(values.tiles), Number(values.unroll))) say(rate)
  for (const text of values.shape ?? []) say(await profileSteps(parseBenchShape(text), Number(values.steps)))
}
