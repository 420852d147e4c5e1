// The built command line, run in processes of its own with a lab of its own, as a person or a script meets it.
import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { expect } from 'vitest'
import { createRandom } from '#shared/random.ts'
import { ensureBuilt } from './build.ts'

export interface Outcome {
  status: number | null
  stdout: string
  stderr: string
}

export interface CommandLine {
  cli: string
  run(...args: string[]): Promise<Outcome>
  /** The command's document; fails where it is not the only thing on standard output. */
  json(...args: string[]): Promise<any>
  start(...args: string[]): ChildProcess
}

/** Builds what has changed first. The environment is asked for at each command. */
export function commandLine(environment: () => Record<string, string>, cwd?: string): CommandLine {
  const { cli } = ensureBuilt()
  const env = (): NodeJS.ProcessEnv => ({ ...process.env, ...environment() })
  const run = (...args: string[]): Promise<Outcome> =>
    new Promise((resolve) => {
      execFile(
        process.execPath,
        [cli, ...args],
        { encoding: 'utf8', cwd, env: env(), maxBuffer: 2 ** 26 },
        (error, stdout, stderr) => resolve({ status: error ? (error.code as unknown as number) : 0, stdout, stderr }),
      )
    })
  return {
    cli,
    run,
    json: async (...args) => {
      const { status, stdout, stderr } = await run(...args, '--json')
      expect(status, `${args.join(' ')}\n${stderr}`).toBe(0)
      return JSON.parse(stdout)
    },
    start: (...args) => spawn(process.execPath, [cli, ...args], { cwd, env: env(), stdio: ['ignore', 'pipe', 'pipe'] }),
  }
}

export const ended = (child: ChildProcess): Promise<number | null> =>
  new Promise((resolve) => child.once('exit', resolve))

/** What a stream says up to the text that is waited for. */
export const firstText = (stream: NodeJS.ReadableStream, wanted: RegExp): Promise<string> =>
  new Promise((resolve, reject) => {
    let text = ''
    stream.on('data', (piece) => {
      if (wanted.test((text += piece))) resolve(text)
    })
    stream.on('end', () => reject(new Error(`ended without ${wanted}: ${text}`)))
  })

/** Small texts with something to learn in them. */
export function tales(count: number): string {
  const random = createRandom(11)
  const pick = (words: string) => words.split(' ')[random.integer(words.split(' ').length)]
  const sentence = () =>
    `The ${pick('old young small tall')} ${pick('fox king owl bear')} ${pick('saw found lost')} the ${pick('river stone tree house')}.`
  return Array.from({ length: count }, () => Array.from({ length: 12 }, sentence).join(' ')).join('\n\n')
}

/** A study that trains in seconds. */
export const tinyStudy =
  '--tokenizer bytes --context 16 --largest 20k --tokens-per-parameter 0.1 --batch-tokens 64'.split(' ')
