// The way to another computer's shell: the system's own ssh and rsync, so that a person's keys, agent, jump hosts and
// ~/.ssh/config hold, or no ssh at all where this computer is the one that is meant. Nothing stays running there.
import { spawn } from 'node:child_process'
import { userInfo } from 'node:os'
import { join, posix, resolve } from 'node:path'
import { Fault } from '#shared/fault.ts'
import { asSentence, lastLine } from '#shared/printable.ts'
import { copyBelow } from '#main/platform/disk/copies.ts'
import { writeFolderAtomically } from '#main/platform/disk/folders.ts'
import { makePrivateFolder } from '#main/platform/disk/private-folder.ts'
import { makeFolder } from '#main/platform/disk/remembered.ts'

export interface LoginNode {
  /** A POSIX shell script, run to its end; what it printed and how it ended. */
  run(script: string, options?: { timeoutMs?: number; signal?: AbortSignal }): Promise<ShellResult>
  /** Brings what the folder `here` holds to `there`; only `files` of it where they are named. */
  put(here: string, there: string, options?: { files?: readonly string[]; signal?: AbortSignal }): Promise<void>
  /** The other way round, for `folders` below `there`; what such a folder does not hold is removed from it here. */
  get(there: string, here: string, folders: readonly string[], options?: { signal?: AbortSignal }): Promise<void>
}

export interface ShellResult {
  status: number
  /** Bytes, because a record may be cut in the middle of a letter. */
  output: Buffer
  errors: string
}

export interface LoginNodeOptions {
  /** What ssh calls it; null for this computer. */
  ssh: string | null
  /** Whether ssh may ask its questions (a password, a second factor) in the terminal. */
  mayAsk?: boolean
}

/**
 * Goes before every script: what a person likes to see of the queue (SQUEUE_PARTITION and its like in a profile) and in
 * which language would change what is read from the answers.
 */
const plainAnswers = `unset $(env | grep -oE '^(SQUEUE|SINFO|SCANCEL)_[A-Z0-9_]+')
[ -z "\${LC_ALL-}" ] || { LANG=$LC_ALL; export LANG; unset LC_ALL; }
LC_MESSAGES=C; LANGUAGE=C; export LC_MESSAGES LANGUAGE
`

/** Longest that a command may take which only asks. */
const askMs = 60_000

export function createLoginNode({ ssh, mayAsk = false }: LoginNodeOptions): LoginNode {
  let known: Promise<SshWay> | null = null
  const way = (): Promise<SshWay> => (known ??= sshWay(ssh!, mayAsk))

  const rsync = async (args: string[], input: string | null, signal?: AbortSignal): Promise<void> => {
    const { options, remedy } = await way()
    const shell = ['ssh', ...options].map(rsyncWord).join(' ')
    // --protect-args: a name is a name there, too, whatever it holds
    const result = await start('rsync', ['-a', '--protect-args', '-e', shell, ...args], input, { signal })
    if (result.status !== 0) throw cannotReach(ssh!, result, 'rsync', remedy)
  }
  /** A name that rsync cannot take for an option. */
  const there = (folder: string): string => `${ssh}:${folder.startsWith('/') ? '' : './'}${folder}/`
  const { homedir } = userInfo()

  return {
    run: async (asked, { timeoutMs = askMs, signal } = {}) => {
      const script = plainAnswers + asked
      if (ssh === null) return start('sh', ['-s'], script, { timeoutMs, signal, cwd: homedir })
      // The script comes by standard input: whatever shell a person has there sees nothing of it.
      const { options, remedy } = await way()
      const result = await start('ssh', [...options, '--', ssh, 'exec sh -s'], script, { timeoutMs, signal })
      if (result.status === 255) throw cannotReach(ssh, result, 'ssh', remedy)
      return result
    },
    put: async (here, folder, { files, signal } = {}) => {
      if (ssh === null) return copyBelow(here, resolve(homedir, folder), files)
      const only = files ? ['-r', '--exclude=*.map', '--files-from=-', '--from0'] : []
      await rsync(
        [...only, '--', `${here}/`, there(folder)],
        files?.map((file) => `${file}\0`).join('') ?? null,
        signal,
      )
    },
    get: async (folder, here, folders, { signal } = {}) => {
      if (ssh !== null) {
        makeFolder(here) // rsync makes the last folder of a path alone
        // What stands behind /./ is made below `here`; hosts after the first are the same.
        const from = folders.map((one, i) => `${there(posix.normalize(folder)).slice(i && ssh.length)}./${one}/`)
        const rules = ['--delete', '--exclude=.*', '--relative', '--no-implied-dirs']
        return rsync([...rules, '--', ...from, `${here}/`], null, signal)
      }
      const rules = { overwrite: true }
      for (const one of folders)
        await writeFolderAtomically(
          join(here, one),
          (staging) => copyBelow(resolve(homedir, folder, one), staging),
          rules,
        )
    },
  }
}

interface SshWay {
  options: string[]
  /** What a person does where ssh has to ask for a password or a code, and nobody can answer it here. */
  remedy: string
}

/** One connection for all commands, where the person's own settings do not say otherwise. */
async function sshWay(host: string, mayAsk: boolean): Promise<SshWay> {
  const asked = ['-o', `BatchMode=${mayAsk ? 'no' : 'yes'}`, '-o', 'ServerAliveInterval=15', '-o', 'ConnectTimeout=20']
  const windows = `Type \`ssh ${host}\` in a terminal to see what it asks for. Windows' ssh asks it for each command, so a key in its agent has to answer.`
  if (process.platform === 'win32') return { options: asked, remedy: windows } // its OpenSSH has no ControlMaster
  const { output } = await start('ssh', ['-G', '--', host], null, { timeoutMs: askMs })
  const path = /^controlpath (.+)$/m.exec(output.toString())?.[1] ?? 'none'
  const then = 'in a terminal, where it can ask you,'
  const opens = /^controlmaster (false|no)$/m.test(output.toString()) ? 'ssh -M' : 'ssh'
  if (path !== 'none')
    return { options: asked, remedy: `Type \`${opens} ${host}\` ${then} leave it open, and try again.` }
  makePrivateFolder(join(userInfo().homedir, '.ssh'))
  const shared = ['-o', 'ControlMaster=auto', '-o', 'ControlPath=~/.ssh/isoflop-%C', '-o', 'ControlPersist=600']
  const line = ['ssh', ...shared, host, 'true'].join(' ')
  return { options: [...asked, ...shared], remedy: `Type \`${line}\` ${then} and try again.` }
}

/** As rsync cuts the command after -e: at blanks, but not inside quotes; a quote in quotes is written twice. */
const rsyncWord = (word: string): string => (/[\s'"]/.test(word) ? `'${word.replace(/'/g, "''")}'` : word)

function cannotReach(host: string, { status, errors }: ShellResult, command: string, remedy: string): Fault {
  const words = (command === 'rsync' ? firstLine(errors) : lastLine(errors)) || `${command} ended with ${status}`
  if (/No space left|Disk quota exceeded|quota/i.test(errors))
    return new Fault('disk-full', `The disk of ${host} is full or its quota used up: ${words}`)
  if (/Permission denied \(|Host key verification failed|keyboard-interactive/i.test(errors))
    return new Fault('unavailable', `${host} did not let ssh in: ${asSentence(words)} ${remedy}`, { details: errors })
  return new Fault('unavailable', `${host} could not be reached: ${words}`, { details: errors })
}

/** rsync says what happened first, and then what became of it. */
const firstLine = (text: string): string => text.trim().split('\n')[0].trim().slice(0, 300)

function start(
  command: string,
  args: readonly string[],
  input: string | null,
  { timeoutMs, signal, cwd }: { timeoutMs?: number; signal?: AbortSignal; cwd?: string } = {},
): Promise<ShellResult> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(new Fault('cancelled', 'Cancelled.'))
    const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'], cwd, windowsHide: true })
    const output: Buffer[] = []
    let errors = ''
    let problem: Fault | null = null
    const end = (why: Fault) => {
      problem ??= why
      // what it started may hold its pipes for long
      child.once('exit', () => [child.stdout, child.stderr].forEach((pipe) => pipe.destroy()))
      child.kill()
    }
    const stop = () => end(new Fault('cancelled', 'Cancelled.'))
    signal?.addEventListener('abort', stop, { once: true })
    const late = () => end(new Fault('unavailable', `${command} did not answer within ${timeoutMs! / 1000} seconds.`))
    const timer = timeoutMs === undefined ? null : setTimeout(late, timeoutMs)
    child.stdout.on('data', (piece: Buffer) => output.push(piece))
    child.stderr.setEncoding('utf8').on('data', (text: string) => (errors = (errors + text).slice(-8000)))
    child.on('error', (error: NodeJS.ErrnoException) => {
      const missing = `${command} is not installed here; Isoflop uses the system's own. Install it and try again.`
      problem ??= new Fault('unavailable', error.code === 'ENOENT' ? missing : error.message, { cause: error })
    })
    child.on('close', (status, by) => {
      if (timer) clearTimeout(timer)
      signal?.removeEventListener('abort', stop)
      if (problem) reject(problem)
      else resolve({ status: status ?? (by ? 128 : 1), output: Buffer.concat(output), errors })
    })
    child.stdin.on('error', () => undefined) // it ended before it had read all: its status says why
    child.stdin.end(input ?? '')
  })
}
