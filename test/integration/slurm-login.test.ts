// A login node belongs to everybody: what the lab asks of one is over at once. On a real Slurm, through a real sshd, no
// process of ours is there between two questions, nor when the lab has gone.
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { BuiltApp } from '../support/build.ts'
import { missingForSlurm, missingForSsh, type LocalSlurm } from '../support/slurm.ts'
import { startSlurmSite, type SlurmSite } from '../support/slurm-site.ts'
import type { LocalSshd } from '../support/sshd.ts'

const missing = [...missingForSlurm(), ...missingForSsh()]
let site: SlurmSite | undefined
let app: BuiltApp
let folder: string
let slurm: LocalSlurm
let sshd: LocalSshd

beforeAll(async () => {
  if (missing.length > 0) return
  site = await startSlurmSite()
  ;({ app, folder, slurm, sshd } = site)
})
afterAll(() => {
  site?.stop()
})

const environment = () => ({ ...slurm.env, ...sshd.env, ISOFLOP_HOME: join(folder, 'home') })
const isoflop = (...args: string[]) =>
  spawnSync(process.execPath, [app.cli, ...args], { env: environment(), encoding: 'utf8' })
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

/** What runs below the login node's sshd, sshd itself left out: command lines. */
function onLoginNode(): string[] {
  const processes = readdirSync('/proc').flatMap((pid) => {
    if (!/^\d+$/.test(pid)) return []
    try {
      const status = readFileSync(`/proc/${pid}/status`, 'utf8')
      const parent = Number(/^PPid:\s+(\d+)/m.exec(status)![1])
      const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').join(' ').trim()
      return [{ pid: Number(pid), parent, words }]
    } catch {
      return [] // it ended meanwhile
    }
  })
  const below = new Set([Number(readFileSync(join(folder, 'ssh/sshd.pid'), 'utf8'))])
  for (let before = 0; before < below.size;) {
    before = below.size
    for (const { pid, parent } of processes) if (below.has(parent)) below.add(pid)
  }
  return processes
    .filter(({ pid, words }) => below.has(pid) && !/^sshd[:-]|\/sshd /.test(words))
    .map(({ words }) => words)
}

describe.skipIf(missing.length > 0)('a login node', { timeout: 300_000 }, () => {
  it('has no process of ours between questions, while runs train and when the lab has gone', async () => {
    const added = ['cluster', 'add', 'far', '--ssh', 'far', '--folder', join(folder, 'far'), '--cpus', '1']
    expect(isoflop(...added, '--time', '20').status).toBe(0)
    const check = isoflop('cluster', 'check', 'far')
    expect(check.status, check.stderr).toBe(0)
    expect(onLoginNode()).toEqual([])

    const shape = ['--shape', '2,32,2', '--tokenizer', 'bytes', '--context', '32', '--batch-tokens', '256']
    const text = ['--corpus', join(folder, 'text.txt'), '--tokens-per-parameter', '400']
    const child = spawn(process.execPath, [app.cli, 'train', '--on', 'far', ...shape, ...text], {
      env: environment(),
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    let words = ''
    child.stderr.setEncoding('utf8').on('data', (more: string) => (words += more))
    const ended = new Promise((resolve) => child.on('close', resolve))
    const records = () => {
      const runs = join(folder, 'far/runs')
      return existsSync(runs) && readdirSync(runs).some((run) => existsSync(join(runs, run, 'records.jsonl')))
    }
    for (let i = 0; i < 600 && !records(); i++) await sleep(100)
    expect(records(), words).toBe(true)
    // Looked at two hundred times over twenty seconds: questions are answered in far less than a tenth of that.
    const busy: string[][] = []
    for (let i = 0; i < 200; i++) {
      busy.push(onLoginNode())
      await sleep(100)
    }
    const idle = busy.filter((found) => found.length === 0).length
    expect(idle, JSON.stringify([...new Set(busy.flat())])).toBeGreaterThan(160)
    for (const found of new Set(busy.flat()))
      expect(found).not.toMatch(/node|isoflop|squeue .*(-i|--iterate)|sleep|watch/)
    child.kill('SIGINT')
    await ended
    await sleep(500)
    expect(onLoginNode()).toEqual([])
    expect(slurm.run('squeue', '-h').trim()).not.toBe('') // it goes on there
  })
})
