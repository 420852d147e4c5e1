// Every command of the command line by the same rules: with --json one document and nothing else on standard output,
// a status other than 0 where it failed, and the same when it is interrupted, whenever that is.
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { commandLine, tinyStudy, type CommandLine, type Outcome } from '../support/command-line.ts'
import { smallText } from '../support/small-text.ts'
import { commands, model } from './command-table.ts'

let cli: string
let home: string
let run: CommandLine['run']
beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'isoflop-commands-'))
  // in the test's own folder, which is also the lab's
  ;({ cli, run } = commandLine(() => ({ ISOFLOP_HOME: join(home, 'lab') }), home))
  writeFileSync(join(home, 'text.txt'), smallText(20_000))
  const cells = { weights: { answer: 'no', note: 'none', source: 'ourselves' } }
  const row = { id: 'our-model', name: 'Ours', by: 'us', year: 2026, cells, training: null }
  writeFileSync(join(home, 'row.json'), JSON.stringify(row))
  const own = { name: 'own', kind: 'choices', context: 'a', choices: ['b', 'c'], answer: 0, rows: [{}] }
  writeFileSync(join(home, 'own.json'), JSON.stringify(own))
  writeFileSync(
    join(home, 'points.csv'),
    'flops,loss,acc\n1e9,4,0.27\n1e10,3.5,0.31\n1e11,3.1,0.36\n1e12,2.8,0.41\n1e13,2.55,0.47\n',
  )
})
afterAll(() => rmSync(home, { recursive: true, force: true }))

describe('with --json, a command prints one document and nothing else', () => {
  for (const [name, { does, refuses }] of Object.entries(commands)) {
    it(`isoflop ${name}`, async () => {
      for (const args of does) {
        const { status, stdout } = await run(...name.split(' '), ...args, '--json')
        expect(JSON.parse(stdout), args.join(' ')).not.toHaveProperty('error')
        expect(status).toBe(0)
      }
      for (const [args, expected] of refuses) {
        const { status, stdout } = await run(...name.split(' '), ...args, '--json')
        const { error } = JSON.parse(stdout)
        expect(Object.keys(error), args.join(' ')).toEqual(['code', 'message'])
        expect(status, `${args.join(' ')}: ${error.message}`).toBe(expected)
        expect(error.message.length, error.message).toBeLessThanOrEqual(300)
        expect(error.message).not.toMatch(/\bE[A-Z]{4,}\b|SQLITE|illegal operation|undefined|\[object/)
      }
    })
  }

  it('and this table has every command', async () => {
    const namesIn = (help: string) =>
      [...help.slice(help.indexOf('Commands:')).matchAll(/^ {2}([a-z-]+)(?:\|[a-z-]+)? /gm)].map(([, name]) => name)
    const helpOf = async (...args: string[]) => (await run(...args, '--help')).stdout
    const found: string[] = []
    for (const name of namesIn(await helpOf()).filter((one) => one !== 'help')) {
      const help = await helpOf(name)
      const inner = help.includes('Commands:') ? namesIn(help).filter((one) => one !== 'help') : []
      found.push(...(inner.length > 0 ? inner.map((one) => `${name} ${one}`) : [name]))
    }
    expect(Object.keys(commands).sort()).toEqual(found.sort())
  })
})

describe('at Ctrl+C, whenever it comes', () => {
  const long: string[][] = [
    [
      'train',
      '--name',
      'Long',
      '--corpus',
      'Text',
      '--engine',
      'reference',
      ...tinyStudy,
      '--tokens-per-parameter',
      '20',
    ],
    ['demo', '--engine', 'reference'],
    ['mup-check', '--study', 'Tiny', '--engine', 'reference'],
    ['evaluate', '--checkpoint', 'exported', '--task', 'copy,reverse,brackets,arithmetic'],
    ['generate', '--checkpoint', 'exported', '--prompt', 'The', '--tokens', '100000'],
    ['corpus', 'add', 'text.txt', '--name', 'Again'],
    ['import', model],
    ['emulate', '--model', 'megatron-22b', '--machine', 'a100-80', '--batch', '32', '--devices', '64', '--search'],
    ['bench', '--engine', 'reference'],
    ['serve'],
  ]
  for (const args of long) {
    it(`isoflop ${args[0]} ends with one document, interrupted once or twice`, async () => {
      for (const [afterMs, times] of [
        [0, 1],
        [300, 1],
        [1500, 2],
      ]) {
        const { status, stdout } = await interrupted(args, afterMs, times)
        if (args[0] !== 'serve' && status !== 0) expect(status, args.join(' ')).toBe(130)
        const document = JSON.parse(stdout)
        if (status === 130) expect(document.error.code).toBe('cancelled')
      }
      expect(JSON.parse((await run('runs', '--json')).stdout)).toHaveProperty('runs')
    })
  }
})

it('arithmetic that takes minutes is ended by an interrupt, with its one document', async () => {
  const points = join(home, 'points.csv')
  const row = (i: number): string => `${1e6 * 1.001 ** i},${2e7 * 1.0007 ** ((7 * i) % 5000)},${2 + 1 / (i + 2)}\n`
  writeFileSync(points, `n,d,loss\n${Array.from({ length: 5000 }, (_, i) => row(i)).join('')}`)
  const law = ['--n', 'n', '--d', 'd', '--loss', 'loss', '--form', 'surface-huber']
  const startedMs = Date.now()
  const { status, stdout } = await interrupted(['fit', '--points', points, ...law], 3000, 1)
  expect(Date.now() - startedMs).toBeLessThan(30_000)
  expect([status, JSON.parse(stdout).error.code]).toEqual([130, 'cancelled'])
})

/** Interrupts a command so long after it has heard of interrupts, and once more a moment later. */
function interrupted(
  args: readonly string[],
  afterMs: number,
  times: number,
): Promise<Pick<Outcome, 'status' | 'stdout'>> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, ['--require', listening(), cli, ...args, '--json'], {
      cwd: home,
      env: { ...process.env, ISOFLOP_HOME: join(home, 'lab') },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    })
    let stdout = ''
    child.stdout!.on('data', (piece) => (stdout += piece))
    child.once('message', () => {
      for (let i = 0; i < times; i++) setTimeout(() => child.kill('SIGINT'), afterMs + 150 * i)
    })
    child.once('close', (status) => resolve({ status, stdout }))
  })
}

/** A file that tells this test when the command line listens for Ctrl+C: before that, Node itself ends. */
function listening(): string {
  const path = join(home, 'listening.cjs')
  writeFileSync(
    path,
    `const tell = (event) => {
       if (event !== 'SIGINT') return
       process.off('newListener', tell)
       setImmediate(() => { process.send('listening'); process.disconnect() })
     }
     process.on('newListener', tell)`,
  )
  return path
}
