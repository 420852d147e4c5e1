// Makes build/cuda-check: all that a bare machine with an NVIDIA card and Node needs to run the checks of the cuda
// engine. There: `node build/cuda-check/check.js`.
import { cpSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { bundle, root } from './bundle.mjs'

const folder = dirname(await bundle('test/support/cuda/card/check.ts', 'cuda-check', 'check.js'))
mkdirSync(join(folder, 'resources'))
writeFileSync(join(folder, 'package.json'), '{ "name": "isoflop", "type": "commonjs" }\n')
cpSync(join(root, 'resources', 'cuda'), join(folder, 'resources', 'cuda'), { recursive: true })
for (const name of ['koffi', `@koromix/koffi-${process.platform}-${process.arch}`])
  cpSync(join(root, 'node_modules', name), join(folder, 'node_modules', name), {
    recursive: true,
    dereference: true,
    filter: (path) => !/\/(doc|vendor|musl_\w+)$/.test(path),
  })
