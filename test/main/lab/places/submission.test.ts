// A submission whose answer never came: whatever was lost, the array is found again, and no run is trained twice.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { plainCluster } from '#main/doors/cli/cluster.ts'
import { scriptOf } from '#main/lab/places/script.ts'
import type { Place } from '#main/lab/runs/place.ts'
import { createScriptedSlurm, started, step, type ScriptedSlurm } from '../../../support/scripted-slurm.ts'

let slurm: ScriptedSlurm
let place: Place
const file = (name: string): string => join(slurm.root, name)
const switchOn = (name: string): void => writeFileSync(file(name), '')

beforeEach(() => {
  slurm = createScriptedSlurm()
  const { root } = slurm
  // takes the job, and then answers, fails or says nothing for long
  slurm.program(
    'sbatch',
    `#!/bin/sh
for script; do :; done
[ -f '${root}/refuses' ] || sed -n 's/^#SBATCH --job-name=//p' "$script" >> '${root}/queue'
[ -f '${root}/hangs' ] && sleep 4
[ -f '${root}/refuses' ] && { echo 'sbatch: error: Batch job submission failed: Invalid account' >&2; exit 1; }
[ -f '${root}/times-out' ] && { echo 'sbatch: error: Socket timed out on send/recv operation' >&2; exit 1; }
echo 'Welcome to 3 clusters'
wc -l < '${root}/queue' | tr -d ' '\n`,
  )
  slurm.program(
    'squeue',
    `#!/bin/sh
[ -f '${root}/is-away' ] && { echo 'slurm_load_jobs error: Unable to contact slurm controller' >&2; exit 1; }
for word; do case $word in
  --name=*) echo 'Welcome to 3 clusters'; grep -nxF -- "\${word#--name=}" '${root}/queue' 2>/dev/null | cut -d: -f1; exit 0 ;;
  %T) [ -f '${root}/is-over' ] || echo RUNNING; exit 0 ;;
esac; done
for job in 1 2 3; do printf '%s_0|RUNNING|None|1|n1\\n%s_1|RUNNING|None|1|n1\\n' $job $job; done\n`,
  )
})
afterEach(async () => {
  await place.close()
  slurm.close()
})
const begin = (ssh: string | null = null) => {
  place = slurm.open(ssh)
  slurm.start(place, 'r1', 'r2')
}
const arrays = (): number =>
  existsSync(file('queue')) ? readFileSync(file('queue'), 'utf8').trim().split('\n').length : 0
const resume = async () => {
  place.resume('r1')
  place.resume('r2')
  for (const id of ['r1', 'r2']) await slurm.becomes('running', 'Starting on n1.', id)
}
const jobs = () => ['r1', 'r2'].map((id) => slurm.run(id).place!.job)

describe('an array that Slurm took', () => {
  it('is found at once where sbatch waited too long for its answer', async () => {
    switchOn('times-out')
    begin()
    for (const id of ['r1', 'r2']) await slurm.becomes('running', 'Starting on n1.', id)
    expect([arrays(), jobs()]).toEqual([1, ['1_0', '1_1']])
  })
  it('is found when it is resumed, where Slurm did not answer at all any more', async () => {
    switchOn('times-out')
    switchOn('is-away')
    begin()
    await slurm.becomes('failed', /Socket timed out.*Slurm does not answer now: resume it later/)
    place.resume('r1')
    await slurm.becomes('interrupted', /far does not say whether it has the runs: .*Unable to contact/)
    slurm.remove('is-away')
    await resume()
    expect([arrays(), jobs()]).toEqual([1, ['1_0', '1_1']])
  })
  it('is found when the connection is back that was cut before the answer', async () => {
    // the connection that submits is cut behind the submission, and there is none for a while
    slurm.program(
      'sbatch',
      `${readFileSync(file('bin/sbatch'), 'utf8')}echo 'Connection closed' > '${file('ssh.fails')}'\n`,
    )
    const ssh = readFileSync(file('bin/ssh'), 'utf8')
    slurm.program(
      'ssh',
      ssh.replace('exec sh -c "$*"', `sh -c "$*"; status=$?; [ -f '${file('ssh.fails')}' ] && exit 255; exit $status`),
    )
    begin('far')
    await slurm.becomes('interrupted', /could not be reached.* Resume it when that is over: .* not sent twice\.$/)
    expect(arrays()).toBe(1)
    slurm.remove('ssh.fails')
    await resume()
    expect([arrays(), jobs()]).toEqual([1, ['1_0', '1_1']])
  })
  it('is found when the run is stopped whose number never came, and cancelled', async () => {
    switchOn('times-out')
    switchOn('is-away')
    begin()
    await slurm.becomes('failed', /Socket timed out/)
    await place.end('r2', 'cancelled')
    expect([slurm.run('r2').state, slurm.run('r2').place!.job]).toEqual(['cancelled', null]) // Slurm said nothing
    slurm.remove('is-away')
    await place.end('r1', 'cancelled')
    expect(slurm.calls()).toContain('scancel 1_0')
  })
  it('is not sent again where it is over when its number is found: it comes home', async () => {
    switchOn('times-out')
    switchOn('is-away')
    begin()
    await slurm.becomes('failed', /Socket timed out/)
    slurm.remove('is-away')
    switchOn('is-over')
    slurm.record('r1', started(0), step(1), step(2), step(3), { kind: 'ended', isFinished: true, step: 3 })
    await slurm.save('r1', 3)
    place.resume('r1')
    await vi.waitFor(() => expect(slurm.run().state).toBe('finished'), 15_000)
    expect([arrays(), slurm.run().step]).toEqual([1, 3])
  })
  it('is not taken for gone where Slurm does not say', async () => {
    begin()
    await slurm.becomes('running', 'Starting on n1.')
    switchOn('is-away')
    await expect(place.end('r1', 'cancelled')).rejects.toThrow(/Unable to contact slurm controller/)
    expect(slurm.run().state).toBe('running')
    place.resume('r2')
    await slurm.becomes('failed', /did not release it: .*Unable to contact/, 'r2')
    expect(arrays()).toBe(1)
  })
  it('is found when the lab opens that was closed, or lost its power, while sbatch had not answered', async () => {
    switchOn('hangs')
    begin()
    await vi.waitFor(() => expect(arrays()).toBe(1), 15_000)
    const lost = ['r1', 'r2'].map(slurm.run)
    await place.close()
    expect(slurm.run().state).toBe('queued')
    for (const summary of lost) slurm.store.write(summary) // as it stood in that moment
    place = slurm.open(null)
    place.begin(lost)
    for (const id of ['r1', 'r2']) await slurm.becomes('running', 'Starting on n1.', id)
    expect([arrays(), jobs()]).toEqual([1, ['1_0', '1_1']])
  })
})

describe('an array that Slurm did not take', () => {
  it('is sent when it is resumed', async () => {
    switchOn('refuses')
    begin()
    await slurm.becomes('failed', /Invalid account/)
    slurm.remove('refuses')
    await resume()
    expect([arrays(), jobs()]).toEqual([1, ['1_0', '1_1']])
  })
  it('is said to be so when the lab opens, and sent when it is resumed', async () => {
    switchOn('refuses')
    switchOn('hangs')
    begin()
    await slurm.becomes('queued', 'Sending its files to far.')
    await place.close()
    slurm.remove('hangs')
    slurm.remove('refuses')
    place = slurm.open(null)
    place.begin(['r1', 'r2'].map(slurm.run))
    for (const id of ['r1', 'r2'])
      await slurm.becomes('interrupted', 'The lab ended before it was sent. Resume it.', id)
    await resume()
    expect([arrays(), jobs()]).toEqual([1, ['1_0', '1_1']])
  })
})

describe('the script of an array', () => {
  /** As Slurm starts its first task. */
  const task = (array: string) => {
    const cluster = plainCluster('far', slurm.root)
    const script = scriptOf(cluster, { id: array, title: 'A', runs: 1, runner: ['echo', 'trains'] })
    const env = { ...process.env, SLURM_SUBMIT_DIR: slurm.root, SLURM_ARRAY_TASK_ID: '0', SLURM_ARRAY_JOB_ID: '7' }
    return spawnSync('bash', ['-s'], { input: script, env, encoding: 'utf8' })
  }
  beforeEach(() => {
    place = slurm.open(null)
    for (const folder of ['arrays', 'runs/r1']) mkdirSync(file(folder), { recursive: true })
    for (const array of ['a1', 'a2']) writeFileSync(file(`arrays/${array}.runs`), 'r1\n')
    writeFileSync(file('runs/r1/array'), 'a2\n')
  })
  it('writes its number down where sbatch did not, and trains', () => {
    const { stdout, status } = task('a2')
    expect([status, stdout]).toEqual([0, expect.stringContaining('trains job runs/r1/run.json')])
    expect(readFileSync(file('arrays/a2.job'), 'utf8')).toBe('7\n')
  })
  it('leaves a run alone that was submitted once more since', () => {
    const { stdout, status } = task('a1')
    expect([status, stdout]).toEqual([0, expect.stringMatching(/r1: was submitted again as a2, which trains it\n$/)])
    expect(stdout).not.toContain('trains job')
  })
})
