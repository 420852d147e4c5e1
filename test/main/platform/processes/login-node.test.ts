// The way to a login node, with an ssh that is a script: what it is called with, and what its shell is told.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createLoginNode } from '#main/platform/processes/login-node.ts'

let root: string
const { PATH, LC_ALL } = process.env
const platform = Object.getOwnPropertyDescriptor(process, 'platform')!
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'isoflop-login-'))
  mkdirSync(join(root, 'bin'))
  program('ssh', '[ "$1" = -G ] && { echo "controlpath none"; exit; }\nexec sh -s')
  program('rsync', 'cat > /dev/null')
  process.env.PATH = `${join(root, 'bin')}${delimiter}${PATH}`
})
afterEach(() => {
  Object.defineProperty(process, 'platform', platform)
  process.env.PATH = PATH
  for (const name of ['SQUEUE_PARTITION', 'SINFO_FORMAT', 'SCANCEL_INTERACTIVE', 'SLURM_CLUSTERS', 'LC_ALL'])
    delete process.env[name]
  if (LC_ALL) process.env.LC_ALL = LC_ALL
  rmSync(root, { recursive: true, force: true })
})

/** A program that writes down each of its words. */
const program = (name: string, then: string) =>
  writeFileSync(
    join(root, 'bin', name),
    `#!/bin/sh\n{ echo "${name}:"; printf '%s\\n' "$@"; } >> '${root}/calls'\n${then}\n`,
    { mode: 0o755 },
  )
/** The words of the last call that was no question about the settings. */
const words = (name: string): string[] => {
  const calls = readFileSync(join(root, 'calls'), 'utf8').split(/^(?=\w+:$)/m)
  return [...calls]
    .reverse()
    .find((call) => call.startsWith(`${name}:`) && !call.includes('\n-G\n'))!
    .trim()
    .split('\n')
    .slice(1)
}

describe('a script on a login node', () => {
  it('is run by a shell whose answers no profile and no language changes', async () => {
    Object.assign(process.env, { SQUEUE_PARTITION: 'gpu', SINFO_FORMAT: '%N', SCANCEL_INTERACTIVE: '1' })
    Object.assign(process.env, { SLURM_CLUSTERS: 'far', LC_ALL: 'de_DE.UTF-8' })
    const asked =
      'echo "$SQUEUE_PARTITION|$SINFO_FORMAT|$SCANCEL_INTERACTIVE|$SLURM_CLUSTERS|$LC_ALL|$LANG|$LC_MESSAGES"'
    for (const ssh of ['far', null]) {
      const { output } = await createLoginNode({ ssh }).run(asked)
      // the letters that a person writes with stay, and so do the clusters that are meant
      expect(output.toString().trim()).toBe('|||far||de_DE.UTF-8|C')
    }
  })
  it('comes by standard input: no word of it is in the list of processes', async () => {
    await createLoginNode({ ssh: 'far' }).run(`echo 'a secret folder'`)
    expect(words('ssh').slice(-3)).toEqual(['--', 'far', 'exec sh -s'])
    expect(readFileSync(join(root, 'calls'), 'utf8')).not.toContain('secret')
  })
  it('that says nothing for too long is ended, and so is one that is cancelled', async () => {
    const node = createLoginNode({ ssh: 'far' })
    await expect(node.run('sleep 20', { timeoutMs: 300 })).rejects.toThrow(/^ssh did not answer within 0\.3 seconds/)
    const stop = new AbortController()
    setTimeout(() => stop.abort(), 200)
    await expect(node.run('sleep 20', { signal: stop.signal })).rejects.toMatchObject({ code: 'cancelled' })
  })
})

describe('ssh', () => {
  it('shares one connection, and asks for nothing where nobody can answer', async () => {
    await createLoginNode({ ssh: 'far' }).run('true')
    expect(words('ssh')).toEqual(
      expect.arrayContaining([
        'BatchMode=yes',
        'ControlMaster=auto',
        'ControlPath=~/.ssh/isoflop-%C',
        'ControlPersist=600',
      ]),
    )
    await createLoginNode({ ssh: 'far', mayAsk: true }).run('true')
    expect(words('ssh')).toContain('BatchMode=no') // ssh itself asks, in the terminal: its answer never comes here
  })
  it('keeps to a person’s own shared connection', async () => {
    program('ssh', '[ "$1" = -G ] && { echo "controlpath /home/me/.ssh/cm-%C"; exit; }\nexec sh -s')
    await createLoginNode({ ssh: 'far' }).run('true')
    expect(words('ssh').join(' ')).not.toContain('Control')
  })
  it('of Windows has no shared connection, and is not asked whether it has', async () => {
    Object.defineProperty(process, 'platform', { ...platform, value: 'win32' })
    const node = createLoginNode({ ssh: 'far' })
    const { output } = await node.run('echo there')
    expect(output.toString()).toBe('there\n')
    const calls = readFileSync(join(root, 'calls'), 'utf8')
    expect(calls).not.toMatch(/Control|^-G$/m)
    expect(words('ssh')).toEqual(expect.arrayContaining(['BatchMode=yes', 'ConnectTimeout=20']))
    await node.put(root, 'there', { files: ['a'] })
    expect(words('rsync').join(' ')).not.toContain('Control')
  })
  it.each([
    [
      'me@far: Permission denied (publickey,password).',
      255,
      /did not let ssh in: .*Type `ssh -o ControlMaster=auto .*isoflop-%C .* far true` in a terminal, where it can ask/,
    ],
    ['Host key verification failed.', 255, /did not let ssh in/],
    ['ssh: connect to host far port 22: Connection timed out', 255, /^far could not be reached: ssh: connect/],
  ])('that fails is a sentence: %s', async (said, status, sentence) => {
    program('ssh', `[ "$1" = -G ] && { echo "controlpath none"; exit; }\necho '${said}' >&2; exit ${status}`)
    await expect(createLoginNode({ ssh: 'far' }).run('true')).rejects.toThrow(sentence)
  })
  it('takes files to any folder, whose name means nothing to a shell or to rsync', async () => {
    const folder = `it's a "folder" $(touch pwned) -e`
    await createLoginNode({ ssh: 'far' }).put(root, folder)
    expect(words('rsync').slice(-3)).toEqual(['--', `${root}/`, `far:./${folder}/`])
    expect(words('rsync')).toContain('--protect-args')
    expect(existsSync('pwned')).toBe(false)
  })
})
