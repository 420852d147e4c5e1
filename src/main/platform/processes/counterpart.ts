// Another program at the other end of two pipes: it is told one JSON line at a time and answers each with one.
import { spawn } from 'node:child_process'

export interface Counterpart {
  /** Sends a line and waits for the next one it writes. Rejects with its last words when it ends instead. */
  ask(message: unknown): Promise<unknown>
  /** Closes its input and waits until it is gone; kills it where it stays. */
  end(): Promise<void>
  /** At once, with whatever it is doing and all that it has started. */
  kill(): void
}

export interface Command {
  program: string
  args: readonly string[]
  env?: Record<string, string | undefined>
}

const keptCharacters = 4000

/** Starts a program. Lines on its standard output that are no JSON object are dropped. */
export function startCounterpart({ program, args, env }: Command): Counterpart {
  // A group of its own, so that what it has started (compilers, pools) can be ended with it; it must not outlive this
  // process.
  const isGrouped = process.platform !== 'win32'
  const child = spawn(program, [...args], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
    detached: isGrouped,
  })
  const kill = () => {
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
    try {
      process.kill(isGrouped ? -child.pid : child.pid, 'SIGKILL')
    } catch {
      /* it is gone */
    }
  }
  process.once('exit', kill)
  let words = ''
  let rest = ''
  let waiting: { resolve: (value: unknown) => void; reject: (error: Error) => void } | null = null
  let ended: Error | null = null
  const gone = new Promise<void>((resolve) => {
    const finish = (error: Error) => {
      ended ??= error
      waiting?.reject(ended)
      waiting = null
      process.removeListener('exit', kill)
      resolve()
    }
    child.on('error', finish)
    child.on('close', (code, signal) =>
      finish(new Error(`${program} ended (${signal ?? code}): ${words.trim() || 'without a word'}`)),
    )
  })
  child.stdin.on('error', () => undefined) // its end is told by `close`
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    words = (words + text).slice(-keptCharacters)
  })
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines.filter((one) => one.startsWith('{'))) {
      waiting?.resolve(JSON.parse(line))
      waiting = null
    }
  })
  return {
    ask(message) {
      if (ended) return Promise.reject(ended)
      return new Promise((resolve, reject) => {
        waiting = { resolve, reject }
        child.stdin.write(`${JSON.stringify(message)}\n`)
      })
    },
    async end() {
      child.stdin.end()
      const patience = setTimeout(kill, 5000)
      await gone
      clearTimeout(patience)
    },
    kill,
  }
}
