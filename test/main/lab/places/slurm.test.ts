// The place against commands of Slurm that are played by scripts: what a person sees in each state that a job can be
// in.
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Fault } from '#shared/fault.ts'
import type { Place } from '#main/lab/runs/place.ts'
import { createScriptedSlurm, started, step, type ScriptedSlurm } from '../../../support/scripted-slurm.ts'

let slurm: ScriptedSlurm
let place: Place
let root: string
let there: string
let store: ScriptedSlurm['store']
let says: ScriptedSlurm['says']
let fails: ScriptedSlurm['fails']
let calls: ScriptedSlurm['calls']
let run: ScriptedSlurm['run']
let becomes: ScriptedSlurm['becomes']
let record: ScriptedSlurm['record']
let save: ScriptedSlurm['save']

beforeEach(() => {
  slurm = createScriptedSlurm()
  ;({ root, there, store, says, fails, calls, run, becomes, record, save } = slurm)
  place = slurm.open(null)
})
afterEach(async () => {
  await place.close()
  slurm.close()
})
const start = (...ids: string[]) => slurm.start(place, ...ids)

describe('runs on a cluster', () => {
  it('are sent as one array, wait with the reason, train, and come home', async () => {
    says('squeue', '41_0|RUNNING|None|1764213000|n1\n41_1|PENDING|JobArrayTaskLimit|N/A|')
    start('r1', 'r2')
    await becomes('running', 'Starting on n1.')
    await becomes('queued', /as many as were asked for train at once \(JobArrayTaskLimit\)/, 'r2')
    expect(calls().match(/^sbatch /gm)).toHaveLength(1)
    expect(readFileSync(join(there, 'tokens/key/train.bin'), 'utf8')).toBe('tokens')
    const [script] = readdirSync(join(there, 'arrays')).filter((name) => name.endsWith('.sbatch'))
    expect(readFileSync(join(there, 'arrays', script), 'utf8')).toContain('#SBATCH --array=0-1%1')
    record('r1', started(0), step(1), step(2))
    await vi.waitFor(() => expect(run()).toMatchObject({ state: 'running', device: 'CPU', step: 2, message: null }))
    await save('r1', 3)
    record('r1', step(3), { kind: 'ended', isFinished: true, step: 3 })
    await vi.waitFor(() => expect(run()).toMatchObject({ state: 'finished', checkpoints: [3], step: 3 }), 15_000)
    expect(existsSync(join(root, 'here/r1/checkpoints/step-000003/parameters.safetensors'))).toBe(true)
    expect(store.records('r1', 0).steps).toHaveLength(3)
  })
  it('that ended while the store took nothing are finished once it takes their records', async () => {
    says('squeue', '41_0|RUNNING|None|1|n1')
    start('r1')
    await becomes('running')
    const append = vi.spyOn(store, 'append').mockImplementation(() => {
      throw new Fault('disk-full', 'The disk is full.')
    })
    await save('r1', 3)
    record('r1', started(0), step(1), step(2), step(3), { kind: 'ended', isFinished: true, step: 3 })
    says('squeue', '')
    await vi.waitFor(() => expect(append.mock.calls.length).toBeGreaterThan(4), 15_000)
    expect(run()).toMatchObject({ state: 'running', message: 'The disk is full.' })
    append.mockRestore()
    await vi.waitFor(() => expect(run()).toMatchObject({ state: 'finished', step: 3, checkpoints: [3] }), 15_000)
    expect(store.records('r1', 0).steps).toHaveLength(3)
  })
  it('that were preempted wait again, and go on from what they had saved', async () => {
    says('squeue', '41_0|RUNNING|None|1|n1')
    start('r1')
    await becomes('running')
    record('r1', started(0), step(1), step(2))
    await vi.waitFor(() => expect(run().step).toBe(2))
    says('squeue', '41_0|PENDING|BeginTime|1764213000|')
    await becomes('queued', /^Waiting to go on from step 2: it was given back/)
    expect(run().place?.startsMs).toBe(1_764_213_000_000)
    says('squeue', '41_0|RUNNING|None|1|n2')
    record('r1', started(1), step(2))
    await vi.waitFor(() => expect(run()).toMatchObject({ state: 'running', device: 'CPU', step: 2 }))
    expect(store.records('r1', 0).steps.map((one) => one.step)).toEqual([1, 2])
  })
  it.each([
    ['OUT_OF_MEMORY', /^It was killed for memory\. Give the cluster more with --memory.* Its log ends: .*oom-kill/],
    ['NODE_FAIL', /^Its node died/],
    ['CANCELLED', /^It was cancelled on the cluster/],
  ])('that ended as %s say so with the log, and can go on', async (state, words) => {
    says('squeue', '41_0|RUNNING|None|1|n1')
    start('r1')
    await becomes('running')
    writeFileSync(join(there, 'arrays', `${run().place!.array}-0.log`), 'x\noom-kill event\n')
    says('squeue', `41_0|${state}|None|1|n1`)
    await becomes('interrupted', words)
  })
  it('that Slurm has forgotten are interrupted, and a fault of the training is told as it was', async () => {
    says('squeue', '41_0|RUNNING|None|1|n1\n41_1|RUNNING|None|1|n1')
    start('r1', 'r2')
    await becomes('running', undefined, 'r2')
    record('r2', started(0), { kind: 'failed', fault: { code: 'diverged', message: 'The loss became NaN.' } })
    says('squeue', '')
    await becomes('interrupted', /not in the queue any more/)
    await becomes('failed', 'The loss became NaN.', 'r2')
    expect(run('r2').code).toBe('diverged')
  })
  it('that the cluster refuses say what it said and what to do', async () => {
    fails('sbatch', 'sbatch: error: Batch job submission failed: Invalid partition specified\n')
    start('r1')
    await becomes('failed', /Invalid partition specified\. Change what is asked for with `isoflop cluster add far/)
    fails('sbatch', 'sbatch: error: QOSMaxSubmitJobPerUserLimit\n')
    place.resume('r1')
    await becomes('failed', /As many jobs are in the queue as you may have/)
    for (const [said, remedy] of [
      ['AssocMaxSubmitJobLimit', /As many jobs are in the queue as you may have/],
      [
        "Batch job submission failed: Job violates accounting/QOS policy (job submit limit, user's size and/or time limits)",
        /As many jobs are in the queue as you may have/,
      ],
      ['Batch job submission failed: Resource temporarily unavailable', /The queue is full: resume it/],
      [
        'Batch job submission failed: Slurm temporarily unable to accept job, try again',
        /The queue is full: resume it/,
      ],
      ['Batch job submission failed: Invalid job array specification', /start fewer together/],
      [
        'Batch job submission failed: Required partition not available (inactive or drain)',
        /The partition is closed: name another/,
      ],
      ['Batch job submission failed: Invalid qos specification', /Change what is asked for/],
      ['Batch job submission failed: Requested node configuration is not available', /Change what is asked for/],
      ['Batch job submission failed: I/O error writing script/environment to file', /Resume it when that is mended/],
    ] as const) {
      fails('sbatch', `sbatch: error: ${said}\n`)
      place.resume('r1')
      await becomes('failed', remedy)
      expect(run().message!.length).toBeLessThanOrEqual(300)
    }
    fails('sbatch', null)
    says('squeue', '41_0|RUNNING|None|1|n1')
    place.resume('r1')
    await becomes('running')
  })
  it('that are resumed together become one array, and as many of them train at once as before', async () => {
    fails('sbatch', 'sbatch: error: Batch job submission failed: Resource temporarily unavailable')
    start('r1', 'r2', 'r3')
    for (const id of ['r1', 'r2', 'r3']) await becomes('failed', /The queue is full/, id)
    fails('sbatch', null)
    says('squeue', ['41_0', '41_1', '41_2'].map((job) => `${job}|PENDING|Priority|N/A|`).join('\n'))
    const before = calls().match(/^sbatch /gm)!.length
    for (const id of ['r1', 'r2', 'r3']) place.resume(id)
    for (const id of ['r1', 'r2', 'r3']) await becomes('queued', /others are before it/, id)
    expect(calls().match(/^sbatch /gm)!.length - before).toBe(1)
    expect(['r1', 'r2', 'r3'].map((id) => run(id).place!.job)).toEqual(['41_0', '41_1', '41_2'])
    expect(readFileSync(join(there, `arrays/${run('r1').place!.array}.sbatch`), 'utf8')).toMatch(/--array=0-2%1\b/)
  })
  it('are held while they wait, saved while they train, released, and cancelled', async () => {
    says('squeue', '41_0|PENDING|Priority|N/A|')
    start('r1')
    await becomes('queued', /others are before it/)
    says('squeue', 'PENDING')
    await place.end('r1', 'paused')
    expect(run().state).toBe('paused')
    expect(calls()).toMatch(/^scontrol hold 41_0$/m)
    expect(readFileSync(join(there, 'runs/r1/wish'), 'utf8')).toBe('pause\n')
    says('scontrol', '')
    place.resume('r1')
    await vi.waitFor(() => expect(calls()).toMatch(/^scontrol release 41_0$/m))
    says('squeue', '41_0|RUNNING|None|1|n1')
    await becomes('running')
    expect(existsSync(join(there, 'runs/r1/wish'))).toBe(false)
    await place.end('r1', 'paused')
    expect(calls()).toMatch(/^scancel --signal=TERM --batch 41_0$/m)
    await save('r1', 2)
    says('squeue', '41_0|PENDING|JobHeldUser|N/A|')
    await vi.waitFor(() => expect(run()).toMatchObject({ state: 'paused', checkpoints: [2], message: null }), 15_000)
    says('squeue', 'PENDING')
    await place.end('r1', 'cancelled')
    expect(calls()).toMatch(/^scancel 41_0$/m)
    expect(run().state).toBe('cancelled')
  })
  it('go on while the lab is closed, and are caught up when it opens', async () => {
    says('squeue', '41_0|RUNNING|None|1|n1')
    start('r1')
    await becomes('running')
    await place.close()
    record('r1', started(0), step(1), step(2), step(3), { kind: 'ended', isFinished: true, step: 3 })
    await save('r1', 3)
    says('squeue', '')
    place = slurm.open(null)
    place.begin([run()])
    await vi.waitFor(() => expect(run()).toMatchObject({ state: 'finished', step: 3 }), 15_000)
  })
  it('are caught up in few questions however many have ended: all curves first, then what they saved', async () => {
    const ids = Array.from({ length: 8 }, (_, i) => `r${i + 1}`)
    says('squeue', ids.map((_, i) => `41_${i}|RUNNING|None|1|n1`).join('\n'))
    start(...ids)
    for (const id of ids) await becomes('running', undefined, id)
    await place.close()
    for (const id of ids) {
      record(id, started(0), step(1), step(2), step(3), { kind: 'ended', isFinished: true, step: 3 })
      await save(id, 3)
    }
    says('squeue', '')
    const ssh = readFileSync(join(root, 'bin/ssh'), 'utf8')
    slurm.program('ssh', ssh.replace('\n', `\necho "$*" >> '${root}/connections'\n`))
    const go = join(root, 'go')
    const others = process.env.PATH!.split(delimiter).slice(1).join(delimiter)
    const rsync = `exec "$(PATH='${others}' command -v rsync)" "$@"`
    slurm.program('rsync', `#!/bin/sh\nuntil [ -f '${go}' ]; do sleep 0.1; done\n${rsync}\n`)
    place = slurm.open('far')
    place.begin(ids.map(run))
    const stepsOf = (id: string) => store.records(id, 0).steps.length
    await vi.waitFor(() => expect(ids.map(stepsOf)).toEqual(ids.map(() => 3)), 15_000)
    expect(ids.map((id) => run(id).state)).not.toContain('finished')
    writeFileSync(go, '')
    await vi.waitFor(() => expect(ids.map((id) => run(id).state)).toEqual(ids.map(() => 'finished')), 15_000)
    const connections = readFileSync(join(root, 'connections'), 'utf8')
      .trim()
      .split('\n')
      .filter((one) => !one.startsWith('-G'))
    // the queue with all records, and what all have saved
    expect(connections, connections.join('\n')).toHaveLength(2)
  })
  it('keep the last that was heard while the cluster is not reached, and go on when it is', async () => {
    await place.close()
    place = slurm.open('far')
    says('squeue', '41_0|RUNNING|None|1|n1')
    start('r1')
    await becomes('running', 'Starting on n1.')
    fails('ssh', 'ssh: connect to host far port 22: No route to host\n')
    await becomes(
      'running',
      /^far could not be reached: ssh: connect.* No route to host\. Shown .* nothing there is lost/,
    )
    record('r1', started(0), step(1))
    fails('ssh', null)
    await vi.waitFor(() => expect(run()).toMatchObject({ state: 'running', step: 1, message: null }), 15_000)
    fails('squeue', 'slurm_load_jobs error: Unable to contact slurm controller\n')
    await becomes('running', /Slurm does not answer: .*Unable to contact/)
  })
})
