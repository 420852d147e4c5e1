// An sshd of our own on loopback, with keys of our own, and an `ssh` that finds it by a name; nothing of the person's
// own settings is read or written.
import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { userInfo } from 'node:os'
import { delimiter, join } from 'node:path'

export interface LocalSshd {
  /** PATH with the `ssh` that knows the host `far`, and what stands before it. */
  env: { PATH: string }
  name: string
  /** A person's settings for it. */
  config: string
  /** What it has said. */
  log(): string
  start(): Promise<void>
  /** The daemon and every connection. */
  stop(): void
}

/** `behind`: another one that ssh has to jump over. `rules`: more of its own settings, which come first. */
export async function startSshd(
  folder: string,
  given: Record<string, string>,
  { name = 'far', behind, rules = '' }: { name?: string; behind?: LocalSshd; rules?: string } = {},
): Promise<LocalSshd> {
  mkdirSync(join(folder, 'bin'), { recursive: true })
  chmodSync(folder, 0o700)
  const env = { ...process.env, PATH: given.PATH }
  const ran = (command: string, ...args: string[]) => spawnSync(command, args, { env, encoding: 'utf8' })
  const port = await new Promise<number>((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo
      server.close(() => resolve(port))
    })
  })
  for (const key of ['host', 'key']) ran('ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', join(folder, key))
  if (userInfo().uid === 0) mkdirSync('/run/sshd', { recursive: true }) // where sshd gives its rights away
  writeFileSync(
    join(folder, 'sshd_config'),
    `${rules}Port ${port}
ListenAddress 127.0.0.1
HostKey ${folder}/host
PidFile ${folder}/sshd.pid
AuthorizedKeysFile ${folder}/key.pub
StrictModes no
UsePAM no
PasswordAuthentication no
SetEnv SLURM_CONF=${given.SLURM_CONF} PATH=${given.PATH}
`,
  )
  const config = `Host ${name}
  HostName 127.0.0.1
  Port ${port}
  User ${userInfo().username}
  IdentityFile ${folder}/key
  IdentitiesOnly yes
  UserKnownHostsFile ${folder}/known
  StrictHostKeyChecking accept-new
  ControlMaster auto
  ControlPath ${folder}/%C
  ControlPersist 60
${behind ? `  ProxyJump ${behind.name}\n${behind.config}` : ''}`
  writeFileSync(join(folder, 'config'), config)
  const real = given.PATH.split(delimiter)
    .map((one) => join(one, 'ssh'))
    .find(existsSync)!
  writeFileSync(join(folder, 'bin/ssh'), `#!/bin/sh\nexec '${real}' -F '${folder}/config' "$@"\n`, { mode: 0o755 })
  const sshdPath = given.PATH.split(delimiter)
    .map((one) => join(one, 'sshd'))
    .find(existsSync)!
  const sshd: LocalSshd = {
    name,
    config,
    log: () => readFileSync(join(folder, 'log'), 'utf8'),
    env: { PATH: `${join(folder, 'bin')}${delimiter}${given.PATH}` },
    start: async () => {
      const { status, stderr } = ran(sshdPath, '-f', join(folder, 'sshd_config'), '-E', join(folder, 'log'))
      if (status !== 0) throw new Error(`sshd did not start: ${stderr}`)
      for (let i = 0; i < 50 && !existsSync(join(folder, 'sshd.pid')); i++)
        await new Promise((resolve) => setTimeout(resolve, 100))
    },
    stop: () => {
      ran(join(folder, 'bin/ssh'), '-O', 'exit', name)
      const file = join(folder, 'sshd.pid')
      if (!existsSync(file)) return
      try {
        process.kill(Number(readFileSync(file, 'utf8')), 'SIGTERM')
      } catch {
        // it was gone already
      }
    },
  }
  await sshd.start()
  return sshd
}
