// Items a second against lm-evaluation-harness with transformers, on the same machine, model and items, one after the other:
//   node test/bench/evaluate.mjs --model DIR --items DIR [--tasks a,b] [--shots 0,5] [--limit 60] [--threads 2] [--python python3] [--batch 8]
// DIR of --items holds <task>.jsonl and <task>_shots.jsonl in the field names of the hub. Build first: npm run build.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

const given = Object.fromEntries(process.argv.slice(2).join(' ').split('--').filter(Boolean).map((pair) => pair.trim().split(' ')))
const { model, items, tasks = 'hellaswag,piqa,winogrande,lambada_openai,arc_easy', shots = '0,5', limit = '60', threads = '2', python = 'python3', batch = '8' } = given
if (!model || !items) throw new Error('--model and --items are needed')
const folder = mkdtempSync(join(tmpdir(), 'isoflop-bench-'))
const rows = []
try {
  for (const task of tasks.split(',')) {
    const file = join(folder, `${task}.jsonl`)
    writeFileSync(file, readFileSync(join(items, `${task}.jsonl`), 'utf8').split('\n').filter(Boolean).slice(0, Number(limit)).join('\n') + '\n')
    const examples = resolve(items, `${task}_shots.jsonl`)
    for (const count of shots.split(',')) {
      const ours = JSON.parse(execFileSync(process.execPath, [
        'out/main/cli.js', 'evaluate', '--checkpoint', resolve(model), '--task', task, '--data', file, '--shots', count, '--shots-from', examples, '--threads', threads, '--engine', 'native', '--json',
      ], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }))
      const printed = execFileSync(python, ['test/bench/evaluate_harness.py', resolve(model), task, file, examples, count, threads, batch], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'], maxBuffer: 1 << 28 })
      const theirs = JSON.parse(printed.trim().split('\n').at(-1))
      const [here, there] = [ours.n / ours.seconds, theirs.items / theirs.seconds]
      rows.push({ task, shots: Number(count), items: ours.n, isoflop: here, harness: there, ratio: here / there, acc: [ours.results[task]['acc,none'], theirs.results['acc,none']] })
      console.log(`${task}, ${count} shots: ${here.toFixed(2)} items/s here, ${there.toFixed(2)} there: ${(here / there).toFixed(2)} times; acc ${rows.at(-1).acc.join(' and ')}`)
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
}
console.log(JSON.stringify(rows))
