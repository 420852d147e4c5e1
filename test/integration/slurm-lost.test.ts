// Answers that never come, on a real Slurm through a real sshd: sbatch fails although Slurm took the job, or says
// nothing while the lab is killed, or its connection is cut. No run is sent twice, and every record comes home.
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { missingForSlurm, missingForSsh } from '../support/slurm.ts'
import { startSlurmSite, type SlurmSite } from '../support/slurm-site.ts'
import { trainedIn } from '../support/trained.ts'

const missing = [...missingForSlurm(), ...missingForSsh()]
const runs = [
  ...['--shape', '1,16,1', '--tokenizer', 'bytes', '--context', '32', '--batch-tokens', '256'],
  ...['--tokens-per-parameter', '10', '--seeds', '2'],
]
let site: SlurmSite | undefined

beforeAll(async () => {
  if (missing.length > 0) return
  site = await startSlurmSite()
  writeFileSync(join(site.front, 'sbatch'), sbatch(site.slurm.env.PATH), { mode: 0o755 })
})
afterAll(() => site?.stop())

/** The first sbatch of a try takes the job and then does what lies in `instead`; each try is in a folder of its own. */
const sbatch = (path: string) => `#!/bin/sh
own=$(dirname "$PWD")
number=$(PATH='${path}' sbatch "$@") || exit
echo "$number" >> "$own/submitted"
[ "$(wc -l < "$own/submitted")" -gt 1 ] && { echo "$number"; exit; }
. "$own/instead"
exit 1
`

async function begin(instead: string) {
  const { app, folder, slurm, sshd } = site!
  const own = mkdtempSync(join(folder, 'try-'))
  writeFileSync(join(own, 'instead'), `${instead}\n`)
  const env = { ...slurm.env, ...sshd.env, ISOFLOP_HOME: join(own, 'home') }
  const start = (...args: string[]) => {
    const child = spawn(process.execPath, [app.cli, ...args], { env, stdio: ['ignore', 'ignore', 'pipe'] })
    let stderr = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
    const ended = new Promise<{ status: number | null; stderr: string }>((resolve) =>
      child.on('close', (status) => resolve({ status, stderr })),
    )
    return { child, ended }
  }
  const isoflop = (...args: string[]) => start(...args).ended
  const added = ['cluster', 'add', 'far', '--ssh', 'far', '--folder', join(own, 'far'), '--cpus', '1', '--time', '20']
  expect(await isoflop(...added)).toMatchObject({ status: 0 })
  const train = ['train', '--name', 'A', '--on', 'far', '--corpus', join(folder, 'text.txt'), ...runs]
  const arrays = (): number => {
    const submitted = join(own, 'submitted')
    return existsSync(submitted) ? readFileSync(submitted, 'utf8').trim().split('\n').length : 0
  }
  const isHome = () => expect(Object.keys(trainedIn(env.ISOFLOP_HOME))).toHaveLength(2)
  return { start, isoflop, train, arrays, isHome }
}

describe.skipIf(missing.length > 0)('a submission whose answer is lost is found, and not sent again', () => {
  it.concurrent('where sbatch waited in vain', async () => {
    const timedOut = 'echo "sbatch: error: Socket timed out on send/recv operation" >&2'
    const { isoflop, train, arrays, isHome } = await begin(timedOut)
    expect(await isoflop(...train)).toMatchObject({ status: 0 })
    expect(arrays()).toBe(1)
    isHome()
  })
  it.concurrent('where the lab is killed while sbatch says nothing', async () => {
    const { start, isoflop, train, arrays, isHome } = await begin('sleep 20')
    const { child, ended } = start(...train)
    for (let i = 0; i < 1200 && arrays() === 0; i++) await new Promise((resolve) => setTimeout(resolve, 100))
    child.kill('SIGKILL')
    await ended
    expect(await isoflop('cluster', 'follow')).toMatchObject({ status: 0 })
    expect(arrays()).toBe(1)
    isHome()
  })
  it.concurrent('where the connection is cut', async () => {
    // the sshd process that holds it
    const cut =
      'pid=$$; until grep -q sshd /proc/$pid/comm; do pid=$(cut -d" " -f4 /proc/$pid/stat); done; kill -9 $pid'
    const { isoflop, train, arrays, isHome } = await begin(cut)
    const { status, stderr } = await isoflop(...train)
    if (status !== 0) {
      expect(stderr).toMatch(/far could not be reached.* found, and not sent twice\./)
      expect(await isoflop('resume')).toMatchObject({ status: 0 })
    }
    expect(arrays()).toBe(1)
    isHome()
  })
})
