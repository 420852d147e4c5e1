// The way to a login node through real sshd's of our own: over a jump host, by a connection that the person has opened,
// and where a password would be asked.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { spawnSync } from 'node:child_process'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createLoginNode } from '#main/platform/processes/login-node.ts'
import { missingForSsh } from '../support/slurm.ts'
import { startSshd, type LocalSshd } from '../support/sshd.ts'

const missing = missingForSsh()
const { PATH } = process.env
let folder: string
let open: LocalSshd[]

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'isf-ssh-'))
  mkdirSync(join(folder, 'here/a'), { recursive: true })
  writeFileSync(join(folder, 'here/a/file'), 'sent')
  open = []
})
afterEach(() => {
  for (const sshd of open) sshd.stop()
  process.env.PATH = PATH
  rmSync(folder, { recursive: true, force: true })
})
async function begin(name: string, options: Parameters<typeof startSshd>[2] = {}): Promise<LocalSshd> {
  const given = { PATH: `${PATH}:/usr/sbin:/sbin`, SLURM_CONF: 'none' }
  const sshd = await startSshd(join(folder, name), given, { name, ...options })
  open.unshift(sshd)
  process.env.PATH = sshd.env.PATH
  return sshd
}

/** A command, and files there and back. */
async function works(): Promise<void> {
  const far = createLoginNode({ ssh: 'far' })
  expect((await far.run('echo "it is $((40 + 2))"')).output.toString()).toBe('it is 42\n')
  await far.put(join(folder, 'here'), join(folder, 'there'))
  await far.get(join(folder, 'there'), join(folder, 'back'), ['a'])
  expect(readFileSync(join(folder, 'back/a/file'), 'utf8')).toBe('sent')
}

describe.skipIf(missing.length > 0)('a login node (needs openssh-server and rsync)', { timeout: 60_000 }, () => {
  it('behind a jump host is reached by what the person has set', async () => {
    const gate = await begin('gate')
    const far = await begin('far', { behind: gate })
    await works()
    expect(gate.log()).toContain('Accepted publickey')
    expect(far.log()).toContain('Accepted publickey')
  })
  it('is reached by a connection that the person has opened, where nothing else would be let in', async () => {
    await begin('far')
    expect(spawnSync('ssh', ['-MNf', 'far'], { stdio: 'ignore' }).status).toBe(0)
    renameSync(join(folder, 'far/key.pub'), join(folder, 'far/no-key.pub'))
    await works()
    spawnSync('ssh', ['-O', 'exit', 'far'], { stdio: 'ignore' })
    await expect(createLoginNode({ ssh: 'far' }).run('true')).rejects.toThrow(
      /^far did not let ssh in: .*Permission denied \(publickey.*\)\. Type `ssh far` in a terminal, .* leave it open/,
    )
  })
  it('that asks for a password besides the key says what to type, and does not wait for an answer', async () => {
    const rules = 'PermitRootLogin yes\nPasswordAuthentication yes\nAuthenticationMethods publickey,password\n'
    await begin('far', { rules })
    const startMs = Date.now()
    const far = createLoginNode({ ssh: 'far' })
    const sentence = /^far did not let ssh in: .*Permission denied \(password\)\. Type `ssh far` in a terminal/
    await expect(far.run('true')).rejects.toThrow(sentence)
    await expect(far.put(join(folder, 'here'), join(folder, 'there'))).rejects.toThrow(sentence)
    expect(Date.now() - startMs).toBeLessThan(20_000)
    expect(existsSync(join(folder, 'there'))).toBe(false)
  })
})
