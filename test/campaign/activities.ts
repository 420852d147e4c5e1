// What a person has the lab do for minutes, each as the command that begins it, the one that goes on after it was cut
// off, and all that it leaves; one prepared lab stands at the beginning of each.
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import type { Study } from '#shared/study.ts'
import type { Browser } from './browsers.ts'
import type { RunSummary } from '#shared/run.ts'
import { labSchema } from '#main/platform/disk/database-schema.ts'
import { openDatabase } from '#main/platform/disk/database.ts'
import { smallText } from '../support/small-text.ts'

/** A folder with everything of one trial: `lab`, the data folder, and what commands read and write beside it. */
export type Place = string

export interface Activity {
  name: string
  begin: (place: Place) => string[]
  /** What a person gives after it was cut off, whatever was done by then. */
  again: (place: Place) => string[]
}

export const labOf = (place: Place): string => join(place, 'lab')
const textOf = (place: Place): string => join(place, 'text.txt')
const freshTextOf = (place: Place): string => join(place, 'fresh.txt')
const modelOf = (place: Place): string => join(place, 'model')
const exportOf = (place: Place): string => join(place, 'export')

const quick = ['--context', '32', '--batch-tokens', '256', '--engine', 'native', '--threads', '1', '--json']
const small = [...quick, '--largest', '30k', '--tokens-per-parameter', '5']

/** A training: what is recorded of it goes on; where nothing is, it is asked for again. */
function training(name: string, options: (place: Place) => string[]): Activity {
  const begin = (place: Place): string[] => ['train', '--name', 'Cut off', ...options(place)]
  return {
    name,
    begin,
    again: (place) => {
      const [, run] = statesOfRuns(place) // the first is the prepared one
      return run === undefined ? begin(place) : run === 'finished' ? ['runs', '--json'] : ['resume', '--json']
    },
  }
}

const same = (name: string, begin: (place: Place) => string[]): Activity => ({ name, begin, again: begin })

export const activities: Activity[] = [
  training('training', () => [...small, '--corpus', 'Prepared', '--tokenizer', 'bytes']),
  same('evaluation', () => ['evaluate', '--run', 'last', '--task', 'copy,reverse', '--engine', 'native', '--json']),
  same('import', (place) => ['import', modelOf(place), '--json']),
  same('export', (place) => ['export', 'last', '--to', exportOf(place), '--json', '--overwrite']),
  same('ingestion', (place) => ['corpus', 'add', freshTextOf(place), '--json']),
  training('tokenizer', (place) => [
    ...quick,
    ...['--corpus', textOf(place), '--tokenizer', 'bpe:400', '--largest', '20k', '--tokens-per-parameter', '0.5'],
  ]),
  training('emulated cluster', () => [...small, '--corpus', 'Prepared', '--tokenizer', 'bytes', '--systems', '2']),
]

/** Makes the lab that every trial begins with: a corpus, a finished run of it, and its export beside the lab. */
export function prepare(cli: string, place: Place): void {
  mkdirSync(place, { recursive: true })
  writeFileSync(textOf(place), smallText(400_000))
  writeFileSync(freshTextOf(place), smallText(4_000_000))
  const first = join(place, 'Prepared.txt')
  writeFileSync(first, smallText(200_000))
  for (const command of [
    ['corpus', 'add', first],
    ['train', '--name', 'Prepared', '--corpus', 'Prepared', '--tokenizer', 'bytes', ...small],
    ['export', 'last', '--to', modelOf(place)],
  ]) {
    const { status, stderr } = spawnSync(process.execPath, [cli, ...command], { env: envOf(place), encoding: 'utf8' })
    if (status !== 0) throw new Error(`${command.join(' ')} ended with ${status}: ${stderr}`)
  }
}

const envOf = (place: Place): NodeJS.ProcessEnv => ({ ...process.env, ISOFLOP_HOME: labOf(place) })

export interface Command {
  pid: number
  isOver: () => boolean
  ended: Promise<{ status: number | null; stdout: string; stderr: string }>
}

const running = new Set<ChildProcess>()

export function start(cli: string, place: Place, args: string[]): Command {
  const child = spawn(process.execPath, [cli, ...args], { env: envOf(place), stdio: ['ignore', 'pipe', 'pipe'] })
  running.add(child)
  const said = { stdout: '', stderr: '' }
  for (const stream of ['stdout', 'stderr'] as const)
    child[stream]
      .setEncoding('utf8')
      .on('data', (text: string) => (said[stream] = (said[stream] + text).slice(-200_000)))
  const ended = new Promise<{ status: number | null; stdout: string; stderr: string }>((resolve) =>
    child.on('close', (status) => {
      running.delete(child)
      resolve({ status, ...said })
    }),
  )
  return { pid: child.pid!, isOver: () => !running.has(child), ended }
}

/** Ends whatever a failed test left. */
export function endAll(): void {
  for (const child of running) child.kill('SIGKILL')
}

/** Lets the prepared study train a member that lasts longer than any test. */
export async function beginTraining(browser: Browser): Promise<void> {
  const [study] = (await browser.ask('listStudies', [])) as Study[]
  const recipe = { ...study.recipe, tokensPerParameter: 2000 }
  await browser.ask('updateStudy', [study.id, { recipe }])
  await browser.ask('startRuns', [study.id, [study.ladder.members.at(-1)!.id]])
}

/** Memory of a process, as Linux or ps tells it. */
export function residentBytes(pid: number): number {
  return 1024 * Number(spawnSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' }).stdout)
}

/** The processes that a process started, and those that they did. */
export function descendants(pid: number): number[] {
  const { stdout } = spawnSync('pgrep', ['-P', String(pid)], { encoding: 'utf8' })
  return stdout
    .split('\n')
    .filter(Boolean)
    .map(Number)
    .flatMap((child) => [child, ...descendants(child)])
}

function statesOfRuns(place: Place): string[] {
  if (!existsSync(join(labOf(place), 'isoflop.db'))) return []
  return recordsOf(place).runs.map(({ summary }) => (JSON.parse(summary) as RunSummary).state)
}

function recordsOf(place: Place) {
  const db = openDatabase(join(labOf(place), 'isoflop.db'), labSchema)
  try {
    return {
      runs: db.all<{ summary: string }>('SELECT summary FROM runs WHERE NOT deleted ORDER BY number'),
      steps: db.all('SELECT run, step, tokens, loss, gradientNorm, learningRate FROM steps ORDER BY run, step'),
      validations: db.all('SELECT run, step, tokens, loss FROM validations ORDER BY run, step'),
      samples: db.all('SELECT run, step, text FROM samples ORDER BY run, step'),
      evaluations: db.all<{ record: string }>('SELECT record FROM evaluations WHERE NOT deleted ORDER BY number'),
      models: db.all<{ record: string }>('SELECT record FROM models WHERE NOT deleted'),
      corpora: db.all<{ record: string }>(
        `SELECT record FROM corpora WHERE NOT deleted AND record NOT LIKE '%"bundled"%'`,
      ),
    }
  } finally {
    db.close()
  }
}

/**
 * All that an activity leaves, to be compared: its numbers in the store, to the last bit, and the content of its files
 * by their path, each kind once, without what differs between any two labs: ids, times and speeds.
 */
export function remains(place: Place): string[] {
  const { runs, evaluations, models, corpora, ...numbers } = recordsOf(place)
  const records = [
    ...runs.map(({ summary }) => summary),
    ...[...evaluations, ...models, ...corpora].map((row) => row.record),
  ]
  const files = [labOf(place), exportOf(place)]
    .flatMap(filesIn)
    .filter((path) => !/isoflop\.db|\.lock(\.pid)?$/.test(path))
  const lines = [
    ...Object.entries(numbers).map(([table, rows]) => `${rows.length} ${table}: ${digest(JSON.stringify(rows))}`),
    // A record of what was cut off stays, to be tried again or deleted; what lies on disk for it does not.
    ...records.filter((text) => text.includes('"state":"finished"')).map((text) => nameless(lasting(JSON.parse(text)))),
    ...files.map(
      (path) => `${nameless(relative(place, path))} ${/\.(json|md)$/.test(path) ? '' : digest(readFileSync(path))}`,
    ),
  ]
  return [...new Set(lines)].sort()
}

const nameless = (text: string): string => text.replace(/(?<![.\w])[0-9a-f]{16}\b/g, 'ID')
const digest = (content: string | Buffer): string => createHash('sha256').update(content).digest('hex').slice(0, 16)

const filesIn = (folder: string): string[] =>
  existsSync(folder)
    ? readdirSync(folder, { withFileTypes: true }).flatMap((entry) =>
        entry.isDirectory() ? filesIn(join(folder, entry.name)) : [join(folder, entry.name)],
      )
    : []

/** A record without times, speeds, memory, and what was said of its course. */
const lasting = (record: unknown): string =>
  JSON.stringify(record, (key, value: unknown) =>
    /Ms$|Second$|^(seconds|streaming|scoring|paths|message|peakBytes)/.test(key) ? undefined : value,
  )

export function copyPlace(from: Place, to: Place): Place {
  rmSync(to, { recursive: true, force: true })
  mkdirSync(dirname(to), { recursive: true })
  cpSync(from, to, { recursive: true, preserveTimestamps: true })
  return to
}
