// How long the fits take: the Hoffmann grid over 240 points, and 4,000 refits. Prints one JSON document with seconds.
//   node test/bench/fits.mjs [--refits 4000]
import { execFileSync } from 'node:child_process'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..')
const at = process.argv.indexOf('--refits')
const refits = at > 0 ? Number(process.argv[at + 1]) : 4000
const points = [
  '--points',
  join(root, 'test/fixtures/scaling/epoch_chinchilla_svg_extracted.csv'),
  '--n',
  'Model Size',
  '--c',
  'Training FLOP',
  '--loss',
  'loss',
  '--drop-highest',
  '5',
  '--json',
]
const run = (form, bootstrap) => {
  const started = performance.now()
  const document = JSON.parse(
    execFileSync(
      process.execPath,
      [join(root, 'bin/isoflop.mjs'), 'fit', ...points, '--form', form, '--bootstrap', String(bootstrap)],
      { encoding: 'utf8' },
    ),
  )
  return { seconds: (performance.now() - started) / 1000, objective: document.objective, points: document.points }
}

run('surface', 0) // builds what is older than the sources
const grid = run('surface-huber', 0)
const all = run('surface-huber', refits)
const squares = run('surface', refits)
process.stdout.write(
  `${JSON.stringify(
    {
      points: grid.points,
      objective: grid.objective,
      gridFitSeconds: grid.seconds,
      refits,
      refitsHuberSeconds: all.seconds - grid.seconds,
      refitsLeastSquaresSeconds: squares.seconds,
      startIncluded: 'the start of the process is in every number but the difference',
    },
    null,
    2,
  )}\n`,
)
