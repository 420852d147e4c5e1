// Items per second against lm-evaluation-harness with transformers, on the same machine, model and items, one after the
// other:
//   node test/bench/evaluate.mjs [--model DIR] [--items DIR] [--tasks a,b] [--shots 0,5] [--limit 8] [--threads 2]
// [--batch 8] [--python python3]
// Without --model a GPT-2 of Cerebras-GPT-111M's shape with random weights; without --items the 24 of each task in
// test/fixtures. The Python
// needs `pip install torch==2.13.0 transformers lm-eval`; ISOFLOP_PYTHON may name it. Build first: npm run build.
// Prints one JSON document.
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'

const allTasks = 'hellaswag,piqa,winogrande,lambada_openai,arc_easy,arc_challenge,openbookqa'
const { values: given } = parseArgs({
  options: {
    model: { type: 'string' },
    items: { type: 'string', default: 'test/fixtures/evaluation' },
    tasks: { type: 'string', default: allTasks },
    shots: { type: 'string', default: '0,5' },
    limit: { type: 'string', default: '8' },
    threads: { type: 'string', default: '2' },
    batch: { type: 'string', default: '8' },
    python: { type: 'string', default: process.env.ISOFLOP_PYTHON ?? 'python3' },
  },
})
const { tasks, shots, limit, threads, batch, python } = given
const items = resolve(given.items)
const folder = mkdtempSync(join(tmpdir(), 'isoflop-bench-'))
const run = (program, args) =>
  execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'], maxBuffer: 1 << 28 })
const isoflop = (...args) => JSON.parse(run(process.execPath, ['out/main/cli.js', ...args, '--json']))
try {
  if (spawnSync(python, ['-c', 'import lm_eval, transformers']).status !== 0)
    throw new Error(`${python} has no lm_eval: pip install torch==2.13.0 transformers lm-eval`)
  let model = given.model && resolve(given.model)
  if (!model) {
    run(python, ['test/bench/evaluate_harness.py', '--make', '10,768,12,2048', join(folder, 'random')])
    model = join(folder, 'model')
    isoflop('import', join(folder, 'random'), '--to', model) // with GPT-2's own tokenizer, which the harness wants as files
  }
  const theirs = run(python, ['test/bench/evaluate_harness.py', model, items, tasks, shots, threads, batch, limit])
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line))
  const rows = shots.split(',').flatMap((count) => {
    const ours = isoflop(
      'evaluate',
      '--checkpoint',
      model,
      '--task',
      tasks,
      '--data',
      items,
      '--shots',
      count,
      '--shots-from',
      items,
      '--limit',
      limit,
      '--threads',
      threads,
      '--engine',
      'native',
    )
    return theirs
      .filter((one) => one.shots === Number(count))
      .map(({ task, items: n, seconds, results }) => {
        const [here, there] = [n / ours.secondsByTask[task], n / seconds]
        return {
          task,
          shots: Number(count),
          items: n,
          isoflop: here,
          harness: there,
          ratio: here / there,
          acc: [ours.results[task]['acc,none'], results['acc,none']],
        }
      })
  })
  for (const { task, shots: count, isoflop: here, harness, ratio } of rows)
    console.error(
      `${task}, ${count} shots: ${here.toFixed(2)} items/s here, ${harness.toFixed(2)} there, ${ratio.toFixed(2)} times`,
    )
  console.log(
    JSON.stringify(
      {
        cpu: cpus()[0].model,
        threads: Number(threads),
        batch: Number(batch),
        smallestRatio: Math.min(...rows.map(({ ratio }) => ratio)),
        rows,
      },
      null,
      2,
    ),
  )
} finally {
  rmSync(folder, { recursive: true, force: true })
}
