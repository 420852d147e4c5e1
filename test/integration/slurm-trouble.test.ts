// Everything that goes wrong on a cluster, at once and for real: one array of runs, each with a trouble of its own,
// while the lab is closed. Each is one sentence when the lab opens, and goes on to the bits of an undisturbed run.
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { RunSummary } from '#shared/run.ts'
import { ensureBuilt, type BuiltApp } from '../support/build.ts'
import { missingForSlurm, startSlurm, type LocalSlurm } from '../support/slurm.ts'
import { smallText } from '../support/small-text.ts'
import { runsOf, trainedIn } from '../support/trained.ts'

const missing = missingForSlurm()
/** Members that train for some seconds, and what happens to each. */
const study = [
  ...['--shape', '2,32,2', '--tokenizer', 'bytes', '--context', '32', '--batch-tokens', '256'],
  ...['--tokens-per-parameter', '10'],
]
const [timeLimit, cancelled, memory, neverSaved] = [0, 1, 2, 3]

let app: BuiltApp
let folder: string
let slurm: LocalSlurm
let disk: string | null = null

beforeAll(async () => {
  if (missing.length > 0) return
  app = ensureBuilt()
  folder = mkdtempSync(join(tmpdir(), 'isf-slurm-'))
  writeFileSync(join(folder, 'text.txt'), smallText(400_000))
  slurm = await startSlurm(join(folder, 'slurm'), { nodes: 5, cpus: 1 })
  disk = join(folder, 'disk')
  mkdirSync(disk)
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=48m', 'tmpfs', disk])
  if (mounted.status !== 0) disk = null
})
afterAll(() => {
  slurm?.stop()
  if (disk) spawnSync('umount', ['-l', disk])
  if (folder) rmSync(folder, { recursive: true, force: true })
})

const homeOf = (name: string) => join(folder, 'homes', name)
const environment = (home: string) => ({ ...slurm.env, ISOFLOP_HOME: homeOf(home) })
const isoflop = (home: string, ...args: string[]) =>
  spawnSync(process.execPath, [app.cli, ...args], { env: environment(home), encoding: 'utf8' })
const train = (...args: string[]): string[] => [
  ...['train', '--name', 'A', '--corpus', join(folder, 'text.txt'), ...study, ...args],
]
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
const until = async <T>(what: string, get: () => T | Promise<T>, seconds = 120): Promise<NonNullable<T>> => {
  for (const endMs = Date.now() + seconds * 1000; Date.now() < endMs; await sleep(100)) {
    const found = await get()
    if (found) return found
  }
  throw new Error(`${what}: not within ${seconds} s\n${slurm.run('squeue', '-r', '-o', '%i %P %T %r %N')}\n${said()}`)
}
const said = (): string =>
  spawnSync('sh', ['-c', `tail -n 5 "${folder}"/*/arrays/*.log`], { encoding: 'utf8' }).stdout.slice(-4000)
const textOf = (path: string): string => (existsSync(path) ? readFileSync(path, 'utf8') : '')
const hasTrained = (cluster: string, { id }: RunSummary): boolean =>
  textOf(join(folder, cluster, 'runs', id, 'records.jsonl')).includes('"kind":"step"')
/** The process that trains a run. */
const processOf = ({ id }: RunSummary): number | null => {
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    const words = textOf(`/proc/${pid}/cmdline`).split('\0')
    if (words.includes('job') && words.includes(`runs/${id}/run.json`)) return Number(pid)
  }
  return null
}
const isAskedToSave = (pid: number): boolean =>
  Boolean(parseInt(/^ShdPnd:\s+(\w+)/m.exec(textOf(`/proc/${pid}/status`))![1].slice(-4), 16) & (1 << 14)) // SIGTERM

/** Starts runs and leaves them there as soon as they are in the queue and `isSo`. */
async function sendTo(name: string, isSo: (runs: RunSummary[]) => boolean, ...args: string[]): Promise<RunSummary[]> {
  const added = ['cluster', 'add', name, '--ssh', 'none', '--folder', join(folder, name), '--cpus', '1']
  expect(isoflop(name, ...added, '--time', '20').status).toBe(0)
  const child = spawn(process.execPath, [app.cli, ...train('--on', name, ...args)], {
    env: environment(name),
    stdio: 'ignore',
  })
  const ended = new Promise((resolve) => child.on('close', resolve))
  const runs = await until('they are in the queue', () => {
    if (!existsSync(join(homeOf(name), 'isoflop.db'))) return null
    const found = runsOf(homeOf(name))
    return found.length > 0 && isSo(found) ? found : null
  })
  child.kill('SIGINT')
  await ended
  return runs.sort((a, b) => Number(a.place!.job!.split('_')[1]) - Number(b.place!.job!.split('_')[1]))
}

describe.skipIf(missing.length > 0)(
  'trouble on a Slurm cluster (needs slurm-wlm and munge)',
  { timeout: 300_000 },
  () => {
    let runs: RunSummary[]
    /** Trains beside the tests, which wait more than they work. */
    let undisturbed: Promise<unknown>
    const now = (index: number) => runsOf(homeOf('here')).find(({ id }) => id === runs[index].id)!

    it('in a closed partition a run waits, and says so', async () => {
      const alone = [app.cli, ...train('--seeds', '4', '--engine', 'native', '--threads', '1')]
      const child = spawn(process.execPath, alone, { env: environment('undisturbed'), stdio: 'ignore' })
      undisturbed = new Promise((resolve) => child.on('close', resolve))
      slurm.run('scontrol', 'update', 'PartitionName=cpu', 'State=DOWN')
      runs = await sendTo(
        'here',
        (all) => all.every(({ message }) => /the partition is closed/.test(message ?? '')),
        '--seeds',
        '4',
      )
      expect(runs).toHaveLength(4)
      expect(runs[0].message).toBe('Waiting in the queue: the partition is closed (PartitionDown).')
    })

    it('meets runs on several nodes while the lab is closed', async () => {
      // as five starts without a checkpoint leave it
      writeFileSync(join(folder, 'here/runs', runs[neverSaved].id, 'restarts'), 'none 5\n')
      slurm.run('scontrol', 'update', 'PartitionName=cpu', 'State=UP')
      for (const index of [timeLimit, cancelled, memory])
        await until('it trains', () => (hasTrained('here', runs[index]) ? processOf(runs[index]) : null)).then((pid) =>
          process.kill(pid, 'SIGSTOP'),
        )
      const nodes = slurm.run('squeue', '-h', '-r', '-t', 'R', '-o', '%N').split('\n').filter(Boolean)
      expect(new Set(nodes).size).toBe(3)
      slurm.run('scancel', runs[cancelled].place!.job!)
      process.kill(processOf(runs[memory])!, 'SIGKILL') // what a kernel without memory does
      slurm.run('scontrol', 'update', `JobId=${runs[timeLimit].place!.job}`, 'TimeLimit=1')
      const pid = processOf(runs[timeLimit])!
      await until('it is asked to save before its time is over', () => isAskedToSave(pid))
      process.kill(pid, 'SIGCONT')
      const log = join(folder, 'here/arrays', `${runs[timeLimit].place!.array}-0.log`)
      await until('it saved', () => textOf(log).includes('ended with 75'))
      await until('they end', () => {
        slurm.hurry()
        return slurm.run('squeue', '-h').trim() === ''
      })
      expect(textOf(log)).toMatch(/restart 1[^]*ended with 0/)
    })

    it('is told in a sentence for each when the lab opens', () => {
      isoflop('here', 'cluster', 'follow')
      expect(now(timeLimit).state).toBe('finished')
      for (const [index, words] of [
        [cancelled, /^It was cancelled on the cluster\. Resume it/],
        [memory, /^It was killed for memory\. Give the cluster more with --memory.* Its log ends: .*ended with 137/],
        [neverSaved, /^It was started again and again and never saved\..* Its log ends: .*so not again/],
      ] as const) {
        expect(now(index).state).toBe('interrupted')
        expect(now(index).message).toMatch(words)
      }
    })

    it('is over when they are resumed, even into a queue that is full for a while: the same bits', async () => {
      slurm.restart('MaxJobCount=1')
      const child = spawn(process.execPath, [app.cli, 'resume'], { env: environment('here'), stdio: 'ignore' })
      const ended = new Promise((resolve) => child.on('close', resolve))
      const waits = () => spawnSync('pgrep', ['-f', '-c', `sbatch --parsable arrays/`], { encoding: 'utf8' }).stdout
      await until('sbatch waits', () => Number(waits()) > 0)
      await sleep(1500)
      expect(slurm.run('squeue', '-h')).toBe('')
      slurm.restart()
      expect(await ended).toBe(0)
      expect(await undisturbed).toBe(0)
      expect(trainedIn(homeOf('here'))).toEqual(trainedIn(homeOf('undisturbed')))
    })

    it('on a full disk is told with what the log says, and over when there is room', async (context) => {
      context.skip(disk === null, 'needs the right to mount a small disk')
      const [run] = await sendTo('disk', ([one]) => hasTrained('disk', one), '--seeds', '1')
      spawnSync('dd', ['if=/dev/zero', `of=${disk}/full`, 'bs=64k'])
      await until('it ends', () => slurm.run('squeue', '-h').trim() === '')
      isoflop('disk', 'cluster', 'follow')
      const [full] = runsOf(homeOf('disk'))
      expect(full.message).toMatch(/full/)
      const again = isoflop('disk', 'resume', run.id)
      expect(again.status).toBe(1)
      expect(again.stderr).toMatch(/full|No space left/)
      rmSync(`${disk}/full`)
      const { status, stderr } = isoflop('disk', 'resume', run.id)
      expect(status, stderr).toBe(0)
      const [name] = Object.keys(trainedIn(homeOf('disk')))
      expect(trainedIn(homeOf('disk'))[name]).toEqual(trainedIn(homeOf('undisturbed'))[name])
    })
  },
)
