// `npm run types`: TypeScript 7 for all but Vue's templates, which vue-tsc checks by the interface of 6; both put
// a `tsc` where npm looks for one, so each is called by its path.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const bin = (path) => fileURLToPath(new URL(`../node_modules/${path}`, import.meta.url))
const checks = [
  ...['shared', 'node', 'test'].map((side) => [bin('typescript7/bin/tsc'), '-p', `tsconfig.${side}.json`]),
  [bin('vue-tsc/bin/vue-tsc.js'), '-p', 'tsconfig.web.json'],
]
const failed = checks.filter((args) => spawnSync(process.execPath, args, { stdio: 'inherit' }).status !== 0)
process.exitCode = failed.length > 0 ? 1 : 0
