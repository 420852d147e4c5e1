// The web door as a person starts it: `isoflop serve` in a process of its own, so that it can be killed.
import { spawn, type ChildProcess } from 'node:child_process'
import type { BuiltApp } from './build.ts'

export interface WebLab {
  url: string
  process: ChildProcess
  /** Ctrl+C, and waits until it has gone. */
  stop(): Promise<void>
  /** kill -9, and waits until it has gone. */
  kill(): Promise<void>
}

/** Starts it on a data folder and waits for its link. */
export async function startWebLab(built: BuiltApp, home: string): Promise<WebLab> {
  const child = spawn(process.execPath, [built.cli, 'serve', '--port', '0', '--data', home], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let said = ''
  const url = await new Promise<string>((resolve, reject) => {
    const listen = (chunk: Buffer): void => {
      said += chunk.toString('utf8')
      const link = /http:\/\/127\.0\.0\.1:\d+\/\?token=[\w-]+/.exec(said)
      if (link) resolve(link[0])
    }
    child.stdout.on('data', listen)
    child.stderr.on('data', listen)
    child.once('exit', (code) => reject(new Error(`isoflop serve ended with ${code}: ${said}`)))
  })
  const gone = new Promise<void>((done) => child.once('exit', () => done()))
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) child.kill(signal)
    await gone
  }
  return { url, process: child, stop: () => end('SIGINT'), kill: () => end('SIGKILL') }
}
