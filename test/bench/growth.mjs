// Cost as work grows: tokens per second from 40 thousand to 100 million parameters, and the memory of a training
// against its context. Some two minutes on two cores; prints both as Markdown tables.
//   node test/bench/growth.mjs [--svg docs/images/growth.svg] [--engine native] [--seconds 1] [--against pytorch]
// --against pytorch adds PyTorch, uncompiled, and some minutes.
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const { values: given } = parseArgs({
  options: {
    svg: { type: 'string' },
    engine: { type: 'string', default: 'native' },
    seconds: { type: 'string', default: '1' },
    against: { type: 'string' },
  },
})
const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..')

/** Vocabulary, width, layers, heads, context, sequences per step. */
const sizes = [
  [256, 32, 2, 2, 128, 16],
  [256, 64, 2, 2, 128, 16],
  [512, 96, 3, 3, 128, 16],
  [512, 128, 4, 4, 256, 8],
  [1024, 192, 6, 6, 256, 8],
  [2048, 320, 8, 5, 256, 4],
  [8192, 512, 8, 8, 256, 2],
  [16384, 768, 12, 12, 256, 1],
]
const contexts = [128, 256, 512, 1024, 2048, 4096].map((context) => [512, 128, 4, 4, context, 4096 / context])
/** As GPT-2 counts them, the table of tokens once. */
const parametersOf = ([vocabulary, d, layers, , context]) =>
  (vocabulary + context) * d + layers * (12 * d * d + 13 * d) + 2 * d

const started = performance.now()
const report = JSON.parse(
  execFileSync(
    process.execPath,
    [
      ...[join(root, 'bin/isoflop.mjs'), 'bench', '--engine', given.engine, '--only', 'train', '--json'],
      ...[
        '--pairs',
        '1',
        '--seconds',
        given.seconds,
        '--shape',
        ...[...sizes, ...contexts].map((shape) => shape.join()),
      ],
      ...(given.against ? ['--against', given.against, '--no-compile'] : []),
    ],
    { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'], maxBuffer: 2 ** 26 },
  ),
)
const measured = (shape) => report.comparisons.find(({ name }) => name === `train ${shape.join()}`).measured
const engines = measured(sizes[0]).map(({ engine }) => engine)
const valueOf = (shape, engine, read) => {
  const one = measured(shape).find((each) => each.engine === engine)
  return one ? read(one) : null
}
const panels = [
  {
    title: 'tokens/s against parameters',
    shapes: sizes,
    across: parametersOf,
    read: ({ rate }) => rate.median,
    up: Math.log10,
    short: (value) => (value >= 1e6 ? `${value / 1e6}M` : value >= 1e3 ? `${value / 1e3}k` : String(value)),
    from: (value) => (value < 1e6 ? `${(value / 1e3).toFixed(0)} k` : `${(value / 1e6).toFixed(1)} M`),
  },
  {
    title: 'peak memory (MiB) against context, 4,096 tokens per step',
    shapes: contexts,
    across: (shape) => shape[4],
    read: ({ peakRssBytes }) => peakRssBytes / 2 ** 20,
    up: (value) => value,
    short: String,
    from: String,
  },
]

const cells = (...texts) => `| ${texts.join(' | ')} |`
const exactly = (value) => (value === null ? '' : Math.round(value).toLocaleString('en'))
console.log(`${report.cpu}, ${report.device}, ${report.threads} threads`)
for (const { title, shapes, across, read, from } of panels) {
  console.log(`\n${cells(title, ...engines)}\n${cells('---:', ...engines.map(() => '---:'))}`)
  for (const shape of shapes)
    console.log(cells(from(across(shape)), ...engines.map((engine) => exactly(valueOf(shape, engine, read)))))
}
if (given.svg) writeFileSync(given.svg, chart())
console.log(`\nIn ${((performance.now() - started) / 1000).toFixed(0)} s.`)

/** Powers of ten from below the least to above the most. */
function powersAround(values) {
  const [first, last] = [Math.floor(Math.log10(Math.min(...values))), Math.ceil(Math.log10(Math.max(...values)))]
  return Array.from({ length: last - first + 1 }, (_, n) => 10 ** (first + n))
}
/** The next of 1, 2 or 4 times a power of ten. */
function roundedUp(value) {
  const power = 10 ** Math.floor(Math.log10(value))
  return power * [1, 2, 4, 10].find((times) => times * power >= value)
}

/** Both side by side, logarithmic but for the memory; one line for each engine and precision, named at its end. */
function chart() {
  const [width, height, left, right, top, bottom] = [420, 280, 50, 96, 34, 30]
  const colours = ['#2563eb', '#c2410c', '#8a8f98', '#15803d', '#7c3aed', '#be185d']
  const panel = ({ title, shapes, across, read, up, short }, i) => {
    const lines = engines.map((engine) => ({
      engine,
      points: shapes.flatMap((shape) => {
        const value = valueOf(shape, engine, read)
        return value === null ? [] : [[Math.log10(across(shape)), value]]
      }),
    }))
    const values = lines.flatMap(({ points }) => points.map(([, value]) => value))
    const grids = i === 0 ? powersAround(values) : [0, 1, 2, 3, 4].map((n) => (n * roundedUp(Math.max(...values))) / 4)
    const [least, most] = [up(grids[0]), up(grids[grids.length - 1])]
    const [first, last] = [Math.log10(across(shapes[0])), Math.log10(across(shapes[shapes.length - 1]))]
    const x = (value) => left + ((value - first) / (last - first)) * (width - left - right)
    const y = (value) => height - bottom - ((up(value) - least) / (most - least)) * (height - top - bottom)
    const marks = i === 0 ? [1e5, 1e6, 1e7, 1e8] : shapes.map(across)
    const shown = marks.filter((mark) => Math.log10(mark) >= first && Math.log10(mark) <= last + 0.02)
    const grid = grids.map(
      (value) =>
        `<line x1="${left}" x2="${width - right}" y1="${y(value).toFixed(1)}" y2="${y(value).toFixed(1)}" stroke="#e3e6ea"/>` +
        `<text x="${left - 6}" y="${(y(value) + 3).toFixed(1)}" text-anchor="end">${short(value)}</text>`,
    )
    const ticks = shown.map(
      (mark) =>
        `<text x="${x(Math.log10(mark)).toFixed(1)}" y="${height - bottom + 14}" text-anchor="middle">${short(mark)}</text>`,
    )
    // names that would lie on each other move apart
    const ends = lines
      .map(({ points }, line) => ({ line, at: y(points[points.length - 1][1]) }))
      .sort((a, b) => a.at - b.at)
    ends.forEach((end, n) => n > 0 && (end.at = Math.max(end.at, ends[n - 1].at + 11)))
    const drawn = lines.map(({ engine, points }, line) => {
      const colour = colours[line % colours.length]
      const path = points.map(([a, b]) => `${x(a).toFixed(1)},${y(b).toFixed(1)}`)
      const dots = path.map((point) => `<circle cx="${point.split(',')[0]}" cy="${point.split(',')[1]}" r="2.2"/>`)
      const { at } = ends.find((end) => end.line === line)
      return `<g fill="${colour}"><polyline points="${path.join(' ')}" fill="none" stroke="${colour}" stroke-width="1.5"/>${dots.join('')}<text x="${width - right + 6}" y="${(at + 3).toFixed(1)}">${engine}</text></g>`
    })
    return `<g transform="translate(${i * width},0)">
<text x="${left}" y="18" font-weight="600">${title}</text>
${[...grid, ...ticks, ...drawn].join('\n')}
</g>`
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${2 * width} ${height}" width="${2 * width}" height="${height}" font-family="sans-serif" font-size="10" fill="#1f2328" role="img" aria-label="Tokens per second against parameters, and peak memory against context">
<rect width="${2 * width}" height="${height}" fill="#fff"/>
${panels.map(panel).join('\n')}
</svg>
`
}
