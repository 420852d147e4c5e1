// Final loss in bf16 against fp32 on the starter ladder, by seeds: the table of docs/performance.md.
//   node test/bench/precision.mjs [--seeds 3] [--member 43.9k …] [--threads 2] [--home DIR]
// Half an hour on two quiet cores with AVX2 alone, where bf16 is emulated; --member takes some of the ladder, and
// --home a data folder in which what was trained stays: the same command goes on there.
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const { values: given, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seeds: { type: 'string', default: '3' },
    member: { type: 'string', multiple: true, default: [] },
    threads: { type: 'string', default: '0' },
    home: { type: 'string' },
  },
})
const members = [...given.member, ...positionals]
const home = given.home ?? mkdtempSync(join(tmpdir(), 'isoflop-precision-'))
mkdirSync(home, { recursive: true })
const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..')
const isoflop = (...args) =>
  JSON.parse(
    execFileSync(process.execPath, [join(root, 'bin/isoflop.mjs'), ...args, '--json', '--data', home], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'inherit'],
      maxBuffer: 2 ** 26,
    }),
  )

/** Runs of one precision that have finished; whoever is there already is not trained again. */
function trained(precision) {
  const known = isoflop('studies').studies.find(({ name }) => name === precision)
  const study = known ? ['--study', known.id] : ['--name', precision, '--precision', precision]
  isoflop(
    ...['train', ...study, '--engine', 'native', '--threads', given.threads, '--seeds', given.seeds],
    ...(members.length > 0 ? ['--member', ...members] : []),
  )
  return isoflop('runs', '--study', precision).runs.filter(({ state }) => state === 'finished')
}

const full = trained('fp32')
const half = trained('bf16')
const seedOf = ({ seed = 0 }) => seed
const names = [...new Set(full.sort((a, b) => a.flops - b.flops).map(({ name }) => name))]
const percent = (share) => `${(100 * share).toFixed(2)} %`
const cells = (...texts) => `| ${texts.join(' | ')} |`
const rows = names.map((name) => {
  const of = (runs) => runs.filter((run) => run.name === name).sort((a, b) => seedOf(a) - seedOf(b))
  const losses = (runs) => of(runs).map(({ validationLoss }) => validationLoss)
  const [exact, rounded] = [losses(full), losses(half)]
  const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length
  const apart = exact.map((loss, i) => rounded[i] / loss - 1)
  const noise = (Math.max(...exact) - Math.min(...exact)) / mean(exact)
  return { name, exact, rounded, apart, between: mean(rounded) / mean(exact) - 1, noise }
})
console.log(`${half[0].device}, beside ${full[0].device}\n`)
console.log(cells('member', 'fp32, by seed', 'bf16, by seed', 'difference of the means', 'spread of fp32 by seed'))
console.log(cells('---', '---', '---', '---:', '---:'))
for (const { name, exact, rounded, between, noise } of rows) {
  const listed = (losses) => losses.map((loss) => loss.toFixed(4)).join(', ')
  console.log(cells(name, listed(exact), listed(rounded), percent(between), percent(noise)))
}
const farthest = Math.max(...rows.flatMap(({ apart }) => apart.map(Math.abs)))
console.log(`\nFarthest seed: ${percent(farthest)}.`)
