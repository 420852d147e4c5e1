// `npm run campaign`: faults of every kind, for up to two hours; `npm run campaign -- kills requests` for some of them.
// `npm test` has three minutes of each. A part that fails prints its seed: ISOFLOP_SEED=… gives the same faults again.
import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const ending = '.test.ts'
const parts = readdirSync(`${root}test/campaign`)
  .filter((name) => name.endsWith(ending))
  .map((name) => name.slice(0, -ending.length))
const wanted = process.argv.slice(2)
const unknown = wanted.find((part) => !parts.includes(part))
if (unknown !== undefined) {
  console.error(`There is no part "${unknown}". The parts are ${parts.join(', ')}.`)
  process.exit(2)
}
const files = (wanted.length > 0 ? wanted : parts).map((part) => `test/campaign/${part}${ending}`)
const { status } = spawnSync(
  process.execPath,
  [`${root}node_modules/vitest/vitest.mjs`, 'run', '--project', 'campaign', ...files],
  { cwd: root, stdio: 'inherit', env: { ...process.env, ISOFLOP_CAMPAIGN: 'whole' } },
)
process.exit(status ?? 1)
