// How fast the cost model answers: `node test/bench/cluster.mjs` prints, as JSON, the median time of one evaluation and
// the time of a search.
// Needs the built lab (npm run build); each search runs in a process of its own, as a person would start it.
import { spawnSync } from 'node:child_process'
import { cpus } from 'node:os'

const search = (args) => {
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    ['bin/isoflop.mjs', 'emulate', '--search', '--json', ...args.split(' ')],
    { encoding: 'utf8', maxBuffer: 1e9 },
  )
  if (status !== 0) throw new Error(stderr)
  return JSON.parse(stdout)
}

// more than 100,000 plans that memory does not rule out early
const devices = [512, 768, 1024, 1536, 2048, 3072, 4096, 6144].map((count) => `--devices ${count}`).join(' ')
const choices = `--model gpt3-175b --machine a100-80 ${devices} --batch 786432`
const runs = Array.from({ length: 5 }, () => search(choices)).map(({ plans, evaluated, searchSeconds }) => ({
  plans,
  evaluated,
  seconds: searchSeconds,
  microsecondsAnEvaluation: (1e6 * searchSeconds) / evaluated,
}))
const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1]
process.stdout.write(
  `${JSON.stringify(
    {
      cpu: cpus()[0].model,
      plans: runs[0].plans,
      evaluated: runs[0].evaluated,
      searchSeconds: median(runs.map(({ seconds }) => seconds)),
      microsecondsAnEvaluation: median(runs.map(({ microsecondsAnEvaluation }) => microsecondsAnEvaluation)),
      calculonMicroseconds: 2600,
    },
    null,
    2,
  )}\n`,
)
