// The runner that a batch system starts against `isoflop train`: one run, the same plan and tokens, in turns.
//   node test/bench/job.mjs [--turns 6] [--tokens-per-parameter 10]
// Build first: npm run build. Prints one JSON document; `ratio` has the medians over turns of job / train, with
// the lowest and highest. The processor's time, of the whole process tree, is what counts where something else runs.
import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { cpus, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { root } from '../../scripts/bundle.mjs'

const { values } = parseArgs({
  options: { turns: { type: 'string', default: '6' }, 'tokens-per-parameter': { type: 'string', default: '10' } },
})
const cli = join(root, 'out/main/cli.js')
const folder = mkdtempSync(join(tmpdir(), 'isoflop-bench-job-'))
const env = { ...process.env, ISOFLOP_HOME: join(folder, 'home') }

/** Seconds of a command by the clock, and of the processors in it and all that it started. */
function timed(...args) {
  const startMs = performance.now()
  const script = '"$@" > /dev/null || exit 1; times'
  const { status, stdout, stderr } = spawnSync('sh', ['-c', script, 'sh', process.execPath, cli, ...args], {
    env,
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(stderr)
  const [, children] = stdout.trim().split('\n')
  const cpu = [...children.matchAll(/(\d+)m([\d.]+)s/g)].reduce((sum, [, m, s]) => sum + 60 * m + Number(s), 0)
  return { wall: (performance.now() - startMs) / 1000, cpu }
}
const middle = (numbers) => {
  const sorted = [...numbers].sort((a, b) => a - b)
  return (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2
}
const spread = (numbers) => ({ median: middle(numbers), lowest: Math.min(...numbers), highest: Math.max(...numbers) })

try {
  const shape = ['--shape', '2,64,2', '--tokenizer', 'bytes', '--context', '64', '--batch-tokens', '1024']
  const how = ['--engine', 'native', '--threads', '1', '--tokens-per-parameter', values['tokens-per-parameter']]
  const train = (name) => timed('train', '--name', name, ...shape, ...how)
  train('first') // reads the corpus and makes its tokens, which both find
  const carried = join(folder, 'carried')
  spawnSync(process.execPath, [cli, 'submit-files', carried, '--study', 'first', '--cpus', '1'], { env })
  const [run] = readdirSync(join(carried, 'runs'))
  const job = (name) => {
    cpSync(join(carried, 'runs', run), join(carried, 'runs', name), { recursive: true })
    return timed('job', join(carried, 'runs', name, 'run.json'))
  }
  const pairs = []
  for (let turn = 0; turn < Number(values.turns); turn++) {
    const inTurn = turn % 2 === 0 ? [train, job] : [job, train]
    const [a, b] = inTurn.map((start) => start(`turn-${turn}`))
    pairs.push(turn % 2 === 0 ? { train: a, job: b } : { train: b, job: a })
  }
  const ratio = (what) => spread(pairs.map((pair) => pair.job[what] / pair.train[what]))
  const seconds = (who) => ({
    wall: middle(pairs.map((pair) => pair[who].wall)),
    cpu: middle(pairs.map((pair) => pair[who].cpu)),
  })
  console.log(
    JSON.stringify(
      {
        ...{ cpu: cpus()[0].model.trim(), cores: cpus().length, load: Number(loadavg()[0].toFixed(1)) },
        turns: pairs.length,
        ratio: { wall: ratio('wall'), cpu: ratio('cpu') },
        seconds: { train: seconds('train'), job: seconds('job') },
      },
      null,
      2,
    ),
  )
} finally {
  rmSync(folder, { recursive: true, force: true })
}
