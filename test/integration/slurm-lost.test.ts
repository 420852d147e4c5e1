// Answers that never come, on a real Slurm through a real sshd: sbatch fails although Slurm took the job, or says
// nothing while the lab is killed, or its connection is cut. No run is sent twice, and every record comes home.
import { spawn, spawnSync } from 'node:child_process'
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
  if (missing.length === 0) site = await startSlurmSite()
})
afterAll(() => site?.stop())

/** A lab and a cluster's folder of their own, where the first sbatch takes the job and then does `instead`. */
function begin(instead: string) {
  const { app, folder, slurm, sshd, front } = site!
  const own = mkdtempSync(join(folder, 'try-'))
  const env = { ...slurm.env, ...sshd.env, ISOFLOP_HOME: join(own, 'home') }
  const submitted = join(own, 'submitted')
  writeFileSync(
    join(front, 'sbatch'),
    `#!/bin/sh
number=$(PATH='${slurm.env.PATH}' sbatch "$@") || exit
echo "$number" >> '${submitted}'
[ "$(wc -l < '${submitted}')" -gt 1 ] && { echo "$number"; exit; }
${instead}
exit 1\n`,
    { mode: 0o755 },
  )
  const isoflop = (...args: string[]) => spawnSync(process.execPath, [app.cli, ...args], { env, encoding: 'utf8' })
  const added = ['cluster', 'add', 'far', '--ssh', 'far', '--folder', join(own, 'far'), '--cpus', '1', '--time', '20']
  expect(isoflop(...added).status).toBe(0)
  const train = ['train', '--name', 'A', '--on', 'far', '--corpus', join(folder, 'text.txt'), ...runs]
  const arrays = (): number => (existsSync(submitted) ? readFileSync(submitted, 'utf8').trim().split('\n').length : 0)
  const isHome = () => expect(Object.keys(trainedIn(env.ISOFLOP_HOME))).toHaveLength(2)
  return { app, env, isoflop, train, arrays, isHome }
}

describe.skipIf(missing.length > 0)('a submission whose answer is lost is found, and not sent again', () => {
  it('where sbatch waited in vain', () => {
    const { isoflop, train, arrays, isHome } = begin(
      'echo "sbatch: error: Socket timed out on send/recv operation" >&2',
    )
    const { status, stderr } = isoflop(...train)
    expect(status, stderr).toBe(0)
    expect(arrays()).toBe(1)
    isHome()
  })
  it('where the lab is killed while sbatch says nothing', async () => {
    const { app, env, isoflop, train, arrays, isHome } = begin('sleep 20')
    const child = spawn(process.execPath, [app.cli, ...train], { env, stdio: 'ignore' })
    const ended = new Promise((resolve) => child.on('close', resolve))
    for (let i = 0; i < 1200 && arrays() === 0; i++) await new Promise((resolve) => setTimeout(resolve, 100))
    child.kill('SIGKILL')
    await ended
    const { status, stderr } = isoflop('cluster', 'follow')
    expect(status, stderr).toBe(0)
    expect(arrays()).toBe(1)
    isHome()
  })
  it('where the connection is cut', () => {
    // the sshd process that holds it
    const cut =
      'pid=$$; until grep -q sshd /proc/$pid/comm; do pid=$(cut -d" " -f4 /proc/$pid/stat); done; kill -9 $pid'
    const { isoflop, train, arrays, isHome } = begin(cut)
    const { status, stderr } = isoflop(...train)
    if (status !== 0) {
      expect(stderr).toMatch(/far could not be reached.* found, and not sent twice\./)
      const again = isoflop('resume')
      expect(again.status, again.stderr).toBe(0)
    }
    expect(arrays()).toBe(1)
    isHome()
  })
})
