#!/usr/bin/env node
// `npx isoflop <command>`: builds what is missing or older than the sources, then becomes the command line.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..')
const build = join(root, 'scripts/build.mjs')
const built = join(root, 'out/main/cli.js')

// Where only the built app was installed there is nothing to build from.
if (existsSync(build) && existsSync(join(root, 'src'))) {
  if (!existsSync(built)) process.stderr.write('Building Isoflop, once.\n')
  const result = spawnSync(process.execPath, [build], { cwd: root, stdio: ['ignore', 2, 2] })
  if (result.signal) process.exit(130)
  if (result.status !== 0) {
    process.stderr.write('Isoflop could not be built; the lines above say why.\n')
    process.exit(1)
  }
}
createRequire(import.meta.url)(built)
