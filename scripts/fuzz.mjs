// `npm run fuzz`: 100,000 tampered files for each reader of weights; `npm run fuzz -- 5000 7` for another number and
// seed.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const [rounds = '100000', seed = '1'] = process.argv.slice(2)
const vitest = fileURLToPath(new URL('../node_modules/vitest/vitest.mjs', import.meta.url))
const { status } = spawnSync(
  process.execPath,
  [vitest, 'run', '--project', 'unit', 'test/main/core/model-formats/fuzz.test.ts'],
  { stdio: 'inherit', env: { ...process.env, ISOFLOP_FUZZ: rounds, ISOFLOP_FUZZ_SEED: seed } },
)
process.exit(status ?? 1)
