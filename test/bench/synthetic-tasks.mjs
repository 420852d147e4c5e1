// Which synthetic tasks rise with compute on the starter ladder: the chart and the table of docs/evaluation.md.
//   node test/bench/synthetic-tasks.mjs [--home DIR] [--svg docs/images/synthetic-tasks.svg]
// --home: a data folder in which `isoflop demo` has run; without one it runs there first, some minutes on two cores.
// Every member is asked 1,000 items of each task, made of the validation split of its text, and 500 of each drill.
// Prints the table as Markdown; last column: from the smallest to the largest member, in standard errors of the
// difference. Build first.
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'

const { values: given } = parseArgs({ options: { home: { type: 'string' }, svg: { type: 'string' } } })
const home = given.home ?? mkdtempSync(join(tmpdir(), 'isoflop-synthetic-'))
mkdirSync(home, { recursive: true })
const isoflop = (...args) =>
  JSON.parse(
    execFileSync(process.execPath, ['out/main/cli.js', ...args, '--json'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, ISOFLOP_HOME: home },
    }),
  )

const tasks = ['cloze', 'word_order', 'agreement', 'prepositions', 'continuation', 'repetition']
const drills = ['copy', 'reverse', 'brackets', 'arithmetic']
const chanceOf = (task) => (task === 'agreement' ? 0.5 : 0.25)

if (!isoflop('studies').studies.some(({ name }) => name === 'Demo')) isoflop('demo')
const members = isoflop('runs', '--study', 'Demo').runs.sort((a, b) => a.flops - b.flops)
const results = members.map(({ id }) => {
  const ask = (names, ...more) => isoflop('evaluate', '--run', id, '--task', names.join(), ...more).results
  return { ...ask(tasks, '--split', 'validation'), ...ask(drills) }
})
const series = [...tasks, ...drills].map((task) => ({
  task,
  points: results.map((result, i) => ({
    flops: members[i].flops,
    acc: result[task]['acc,none'],
    stderr: result[task]['acc_stderr,none'],
    bits: result[task]['answer_bits_per_byte,none'],
  })),
}))

const rise = (points) => {
  const [first, last] = [points[0], points[points.length - 1]]
  return (last.acc - first.acc) / Math.hypot(first.stderr, last.stderr)
}
const cells = (...texts) => `| ${texts.join(' | ')} |`
console.log(cells('task', 'chance', ...members.map(({ name }) => name), 'rise, in standard errors'))
console.log(cells('---', ...Array(members.length + 2).fill('---:')))
for (const { task, points } of series)
  console.log(
    cells(
      `\`${task}\``,
      chanceOf(task),
      ...points.map(({ acc, stderr }) => `${acc.toFixed(3)} ± ${stderr.toFixed(3)}`),
      rise(points).toFixed(1),
    ),
  )
console.log(`\nBits per byte of the answer, smallest and largest member:`)
for (const { task, points } of series)
  console.log(`${task} ${points[0].bits.toFixed(2)} ${points[points.length - 1].bits.toFixed(2)}`)

if (given.svg) writeFileSync(given.svg, chart())

/** Small multiples: accuracy with one standard error against log compute, chance dotted; what was dropped in grey. */
function chart() {
  const [width, height, columns] = [168, 118, 5]
  const logs = members.map(({ flops }) => Math.log10(flops))
  const x = (flops) => 30 + ((Math.log10(flops) - logs[0]) / (logs[logs.length - 1] - logs[0])) * (width - 44)
  const y = (acc) => height - 20 - acc * (height - 44)
  const panel = ({ task, points }, i) => {
    const colour = drills.includes(task) ? '#8a8f98' : '#2563eb'
    const line = points.map(({ flops, acc }) => `${x(flops).toFixed(1)},${y(acc).toFixed(1)}`).join(' ')
    const tick = (value) => `<text x="26" y="${(y(value) + 3).toFixed(1)}" text-anchor="end">${value}</text>`
    const bar = ({ flops, acc, stderr }) => {
      const at = x(flops).toFixed(1)
      const ends = `y1="${y(acc - stderr).toFixed(1)}" y2="${y(acc + stderr).toFixed(1)}"`
      return `<line x1="${at}" x2="${at}" ${ends} stroke="${colour}"/><circle cx="${at}" cy="${y(acc).toFixed(1)}" r="2.5" fill="${colour}"/>`
    }
    return `<g transform="translate(${(i % columns) * width},${Math.floor(i / columns) * height})">
<text x="30" y="16" font-weight="600">${task.replace('_', ' ')}${drills.includes(task) ? ' (drill)' : ''}</text>
<path d="M30 ${y(1)}V${y(0)}H${width - 8}" fill="none" stroke="#c4c8ce"/>${tick(0)}${tick(1)}
<line x1="30" x2="${width - 8}" y1="${y(chanceOf(task))}" y2="${y(chanceOf(task))}" stroke="#8a8f98" stroke-dasharray="2 3"/>
<polyline points="${line}" fill="none" stroke="${colour}" stroke-width="1.5"/>${points.map(bar).join('')}
</g>`
  }
  const [wide, high] = [width * columns, height * Math.ceil(series.length / columns) + 22]
  const ends = [members[0].flops, members[members.length - 1].flops].map((one) => one.toExponential(1))
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${wide} ${high}" width="${wide}" height="${high}" font-family="sans-serif" font-size="10" fill="#1f2328" role="img" aria-label="Accuracy of synthetic tasks against training compute">
<rect width="${wide}" height="${high}" fill="#fff"/>
${series.map(panel).join('\n')}
<text x="30" y="${high - 8}" fill="#59636e">accuracy against training compute, ${ends[0]} to ${ends[1]} FLOPs (log); bars: one standard error; dotted: guessing</text>
</svg>
`
}
