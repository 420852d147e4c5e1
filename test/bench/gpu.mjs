// The graphics engine on this machine's card: the kernel suite, the rates of its products, and steps of a model with
// the time of every kernel.
//   node test/bench/gpu.mjs [--suite] [--tiles 4096] [--shape 50257,768,12,12,1024,8 …] [--steps 5] [--bundle FILE]
// Prints a JSON document a line; --bundle only writes the program into a file that runs elsewhere with Node alone.
import { createRequire } from 'node:module'
import { copyFileSync, existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { bundle } from '../../scripts/bundle.mjs'

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
const say = (document) => console.log(JSON.stringify(document))

const parts =
  values.parts && existsSync(values.parts)
    ? resolve(values.parts)
    : await bundle('test/bench/gpu-parts.ts', 'bench-gpu')
if (values.bundle) copyFileSync(parts, values.bundle)
else {
  const { checkKernels, rateTiles, profileSteps, parseBenchShape } = createRequire(import.meta.url)(parts)
  if (values.suite) say({ failures: await checkKernels() })
  if (values.tiles) for (const rate of await rateTiles(Number(values.tiles), Number(values.unroll))) say(rate)
  for (const text of values.shape ?? []) say(await profileSteps(parseBenchShape(text), Number(values.steps)))
}
