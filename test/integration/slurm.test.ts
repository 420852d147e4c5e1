// Runs on a real Slurm, through everything that happens to jobs there: whatever it was, weights and losses are those of
// a run on this computer that nothing ever disturbed.
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { RunSummary } from '#shared/run.ts'
import type { Study } from '#shared/study.ts'
import { createLab, type LabHost } from '#main/lab/lab.ts'
import { forkNodeWorker } from '#main/platform/processes/node.ts'
import type { BuiltApp } from '../support/build.ts'
import { python } from '../support/pytorch-runs.ts'
import { missingForSlurm, missingForSsh, type LocalSlurm } from '../support/slurm.ts'
import { startSlurmSite, type SlurmSite } from '../support/slurm-site.ts'
import type { LocalSshd } from '../support/sshd.ts'
import { trainedIn } from '../support/trained.ts'

const missing = [...missingForSlurm(), ...missingForSsh()]
const needs = 'needs slurm-wlm, munge, openssh-server and rsync'
const shape = ['--tokenizer', 'bytes', '--context', '32', '--batch-tokens', '256']
/** Runs of some twenty and forty seconds, on a machine with nothing else to do. */
const ladder = ['--largest', '60k', '--tokens-per-parameter', '60', ...shape]

let site: SlurmSite | undefined
let app: BuiltApp
let folder: string
let slurm: LocalSlurm
let sshd: LocalSshd
/** A name with everything in it that a shell could mistake. */
const awkward = `it's a "folder" $(touch pwned) & ;`

beforeAll(async () => {
  if (missing.length > 0) return
  site = await startSlurmSite()
  ;({ app, folder, slurm, sshd } = site)
})
const begun = new Set<ChildProcess>()
afterAll(() => {
  for (const child of begun) child.kill('SIGKILL')
  site?.stop()
})

/** A test that is tried again finds nothing of what its first try left: no lab, no folder of a cluster, no job. */
let attempt = 0
beforeEach(() => void attempt++)
afterEach(async () => {
  for (const child of begun) child.kill('SIGKILL')
  slurm.run('scancel', '--quiet', '--user', userInfo().username)
  await until('the queue is empty', () => queued().length === 0)
})

const homeOf = (name: string) => join(folder, 'homes', name.startsWith('undisturbed') ? name : `${name} ${attempt}`)
const environment = (home: string) => ({ ...slurm.env, ...sshd.env, ISOFLOP_HOME: homeOf(home) })
function isoflop(home: string, ...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [app.cli, ...args], {
    env: environment(home),
    encoding: 'utf8',
  })
  return { status, stdout, stderr }
}
/** A command that goes on; `leave` is Ctrl+C. */
function begin(home: string, ...args: string[]) {
  const child = spawn(process.execPath, [app.cli, ...args], {
    env: environment(home),
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  begun.add(child)
  let words = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (words += text))
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve))
  return { ended, words: () => words, leave: () => child.kill('SIGINT') }
}
const addCluster = (home: string, name: string, there: string, ...more: string[]): string => {
  const path = join(folder, `${there} ${attempt}`)
  mkdirSync(path, { recursive: true })
  const args = ['cluster', 'add', name, '--folder', path, '--cpus', '1', '--time', '20', ...more]
  const { status, stderr } = isoflop(home, ...args)
  expect(status, stderr).toBe(0)
  return path
}
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
const until = async (what: string, isSo: () => boolean | Promise<boolean>, seconds = 500): Promise<void> => {
  for (const endMs = Date.now() + seconds * 1000; Date.now() < endMs; await sleep(200)) if (await isSo()) return
  throw new Error(`${what}: not within ${seconds} s\n${slurm.run('squeue', '-r', '-o', '%i %P %T %r %N')}\n${said()}`)
}
const queued = (...options: string[]): string[] =>
  slurm
    .run('squeue', '-h', '-r', '-o', '%i', ...options)
    .split('\n')
    .filter(Boolean)
/** Whether both runs have recorded so many steps. */
const recorded = (cluster: string, steps: number): boolean => {
  const folders = existsSync(join(cluster, 'runs')) ? readdirSync(join(cluster, 'runs')) : []
  const files = folders.map((run) => join(cluster, 'runs', run, 'records.jsonl')).filter(existsSync)
  return files.length === 2 && files.every((file) => readFileSync(file, 'utf8').split('"kind":"step"').length > steps)
}
/** The last words of every script, for a test that failed. */
const said = (): string =>
  spawnSync('sh', ['-c', `tail -n 15 "${folder}"/*/arrays/*.log`], { encoding: 'utf8' }).stdout.slice(-4000)
/** What the scripts of the array said. */
const logs = (cluster: string): string[] =>
  readdirSync(join(cluster, 'arrays'))
    .filter((name) => name.endsWith('.log'))
    .map((name) => readFileSync(join(cluster, 'arrays', name), 'utf8'))

const results = (home: string) => trainedIn(homeOf(home))

/** Mean of the last twenty. */
const lastLosses = (steps: { loss: number }[]): number => {
  const last = steps.slice(-20)
  return last.reduce((sum, { loss }) => sum + loss, 0) / last.length
}
/** Where a program of that name lies: a cluster's scripts have another search path. */
const resolveProgram = (name: string): string =>
  spawnSync('sh', ['-c', `command -v "${name}"`], { encoding: 'utf8' }).stdout.trim()

describe.skipIf(missing.length > 0)(`on a Slurm cluster (${needs})`, { timeout: 1_200_000 }, () => {
  beforeAll(() => {
    const args = ['--engine', 'native', '--threads', '1', '--corpus', join(folder, 'text.txt')]
    const { status, stderr } = isoflop('undisturbed', 'train', '--name', 'A', ...ladder, ...args)
    expect(status, stderr).toBe(0)
  })

  it('is checked from the connection to a job, line by line', () => {
    addCluster('check', 'here', awkward, '--ssh', 'none')
    const { status, stderr, stdout } = isoflop('check', 'cluster', 'check', 'here')
    expect(status, stderr).toBe(0)
    expect(stdout).toContain('here is ready.')
    expect(stderr.match(/^✓ /gm)).toHaveLength(8)
    expect(isoflop('check', 'cluster', 'add', 'here', '--partition', 'nowhere').status).toBe(0)
    const wrong = isoflop('check', 'cluster', 'check', 'here')
    expect(wrong.status).toBe(1)
    expect(wrong.stderr).toMatch(/✗ Partition +There is no partition nowhere; there are cpu, urgent, spare\./)
  })

  it('trains an array through preemption and the death of a node, while the lab is closed', async () => {
    const cluster = addCluster('array', 'here', awkward, '--ssh', 'none', '--partition', 'spare')
    const args = ['--on', 'here', '--corpus', join(folder, 'text.txt')]
    const { ended, words: told, leave } = begin('array', 'train', '--name', 'A', ...ladder, ...args)
    await until('the runs train', () => recorded(cluster, 60))
    leave()
    expect(await ended, told()).toBe(130)
    expect(told()).toContain('They go on at here')

    slurm.run('sbatch', '--parsable', '-p', 'urgent', '-N2', '--exclusive', '-o', '/dev/null', '--wrap', 'sleep 3')
    await until('they are preempted', () => queued('-t', 'PD').length > 0)
    // The first that trains again loses its node at once: on a fast machine it would be over soon. It is its own words
    // that say where it is, since a job counts as running before anything of it is there to be killed.
    let victim = ''
    await until('one trains again', () => {
      slurm.hurry()
      const again = logs(cluster).find((log) => !log.includes('ended with 0') && log.split('From step ').length === 3)
      victim = /begins on (\w+), restart 1/.exec(again ?? '')?.[1] ?? ''
      return victim !== ''
    })
    slurm.killNode(victim)
    await sleep(3000)
    slurm.startNode(victim)
    await until('they end', () => {
      slurm.hurry()
      return queued().length === 0
    })
    expect(logs(cluster).some((log) => log.includes('ended with 75'))).toBe(true) // preempted, and saved
    const words = logs(cluster).join('\n')
    expect(words.includes('restart 2'), `${victim} died:\n${words}`).toBe(true)

    const follow = isoflop('array', 'cluster', 'follow')
    expect(follow.status, follow.stderr).toBe(0)
    expect(results('array')).toEqual(results('undisturbed'))
    expect(existsSync(join(folder, 'pwned')) || existsSync(join(cluster, 'pwned'))).toBe(false)
  })

  it.skipIf(!python)('trains members by two processes of PyTorch each, through preemption', async () => {
    const short = ['--largest', '60k', '--tokens-per-parameter', '12', ...shape] // PyTorch takes longer for such models
    const here = ['--engine', 'native', '--threads', '1', '--corpus', join(folder, 'text.txt')]
    expect(isoflop('undisturbed-short', 'train', '--name', 'A', ...short, ...here).status).toBe(0)
    const own = ['--ssh', 'none', '--partition', 'spare', '--python', resolveProgram(python!)]
    const cluster = addCluster('torch', 'here', awkward.replace('it', 'that'), ...own)
    const args = ['--on', 'here', '--processes', '2', '--corpus', join(folder, 'text.txt')]
    const { ended, words } = begin('torch', 'train', '--name', 'A', ...short, ...args)
    await until('the runs train', () => recorded(cluster, 20))
    slurm.run('sbatch', '--parsable', '-p', 'urgent', '-N2', '--exclusive', '-o', '/dev/null', '--wrap', 'sleep 1')
    await until('they were preempted', () => logs(cluster).some((log) => log.includes('ended with 75')))
    await until('they end', () => {
      slurm.hurry()
      return queued().length === 0
    })
    expect(await ended, words()).toBe(0)
    const [found, wanted] = [results('torch'), results('undisturbed-short')]
    expect(Object.keys(found)).toEqual(Object.keys(wanted))
    // Other sums than ours: the curve is the same where rounding has not grown yet, and ends at the same loss.
    for (const [name, { steps }] of Object.entries(found)) {
      for (const [i, { loss }] of steps.slice(0, 20).entries())
        expect(Math.abs(loss / wanted[name].steps[i].loss - 1), `${name}, step ${i + 1}`).toBeLessThan(1e-5)
      expect(Math.abs(lastLosses(steps) / lastLosses(wanted[name].steps) - 1), name).toBeLessThan(0.01)
    }
  })

  it('is reached by ssh; what was cut goes on, and is caught up', async () => {
    const cluster = addCluster('ssh', 'far', `${awkward} 2`, '--ssh', 'far')
    const args = ['--on', 'far', '--at-once', '2', '--corpus', join(folder, 'text.txt')]
    const { ended, words } = begin('ssh', 'train', '--name', 'A', ...ladder, ...args)
    await until('the runs train', () => recorded(cluster, 60))
    sshd.stop()
    await until('the lab says so', () => words().includes('far could not be reached'))
    await until('they end', () => queued().length === 0)
    await sshd.start()
    expect(await ended, words()).toBe(0)
    expect(results('ssh')).toEqual(results('undisturbed'))
    expect(existsSync(join(cluster, 'pwned')) || existsSync(join(cluster, '..', 'pwned'))).toBe(false)
  })

  it('is carried by hand where there is no ssh, and taken back', async () => {
    const carried = join(folder, `carried ${awkward} ${attempt}`)
    const lab = await openLab('carry')
    await studyIn(lab).finally(() => lab.close())
    const files = isoflop('carry', 'submit-files', carried, '--study', 'A', '--cpus', '1', '--json')
    expect(files.status, files.stderr).toBe(0)
    const { command } = JSON.parse(files.stdout) as { command: string }
    const submitted = spawnSync('sh', ['-c', command], { cwd: carried, env: slurm.env, encoding: 'utf8' })
    expect(submitted.status, submitted.stderr).toBe(0)
    await until('they end', () => queued().length === 0)
    const taken = isoflop('carry', 'take', carried)
    expect(taken.status, taken.stderr).toBe(0)
    expect(results('carry')).toEqual(results('undisturbed'))
  })

  it('pauses with its place in the queue, goes on, and stops', async () => {
    addCluster('hold', 'here', 'hold', '--ssh', 'none')
    const lab = await openLab('hold')
    try {
      const study = await studyIn(lab, 120)
      const members = study.ladder.members.filter(({ isEnabled }) => isEnabled).map(({ id }) => id)
      const [small, large] = await lab.startRuns(study.id, members, { on: 'here' })
      const run = async (id: string) => (await lab.listRuns(null)).find((one) => one.id === id)!
      const becomes = (id: string, state: RunSummary['state']) =>
        until(`${id} is ${state}`, async () => (await run(id)).state === state)
      await until('both train', async () => (await run(small.id)).step > 0 && (await run(large.id)).step > 0)
      await lab.pauseRun(small.id)
      await becomes(small.id, 'paused')
      const { step, place, checkpoints } = await run(small.id)
      expect(step).toBeGreaterThan(0)
      expect(checkpoints.at(-1)).toBe(step) // saved where it stood
      expect(queued('-t', 'PD')).toContain(place!.job)
      await lab.stopRun(large.id)
      await becomes(large.id, 'cancelled')
      expect((await run(large.id)).checkpoints.length).toBeGreaterThan(0)
      await until('it left the queue', () => !queued().some((job) => job.endsWith('_1')))
      await lab.resumeRun(small.id)
      await until('it has ended', async () => {
        slurm.hurry()
        return (await run(small.id)).state === 'finished'
      })
      await lab.deleteRun(large.id) // so that what is left has finished, which `results` looks at
    } finally {
      await lab.close()
    }
    results('hold')
  })
})

/** The lab in this process, with Slurm's commands as the others have them. */
async function openLab(home: string): Promise<LabHost> {
  Object.assign(process.env, slurm.env, sshd.env)
  const fork = forkNodeWorker(app.worker)
  return createLab({ home: homeOf(home), resources: app.resources, version: '0.1.0', door: 'web', fork })
}

/** The study of the undisturbed lab, in another one. */
async function studyIn(lab: LabHost, tokensPerParameter?: number): Promise<Study> {
  const from = await createLab({
    ...{ home: homeOf('undisturbed'), resources: app.resources, version: '0.1.0', door: 'web' },
    ...{ fork: forkNodeWorker(app.worker), isReadOnly: true },
  })
  const { id } = (await from.listStudies()).find(({ name }) => name === 'A')!
  const document = await from.studyDocument(id)
  await from.close()
  if (tokensPerParameter) document.ladder.members.forEach((member) => (member.tokensPerParameter = tokensPerParameter))
  if (tokensPerParameter) document.recipe.tokensPerParameter = tokensPerParameter
  const study = await lab.importStudy(document)
  const corpus = await lab.addCorpus([join(folder, 'text.txt')], 'Text')
  await until('the text is read', async () =>
    (await lab.listCorpora()).some((one) => one.id === corpus.id && one.state === 'finished'),
  )
  return lab.updateStudy(study.id, { corpusId: corpus.id })
}
