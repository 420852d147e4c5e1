// The command line as a script meets it where nothing is trained: plans, refusals and help; one document on standard
// output, sentences on standard error, a status that tells.
import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { commandLine, tales, type CommandLine, type Outcome } from '../support/command-line.ts'

let home: string
let corpus: string
let isoflop: CommandLine['run']
let json: CommandLine['json']
let cli: string
beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'isoflop-cli-'))
  ;({ cli, run: isoflop, json } = commandLine(() => ({ ISOFLOP_HOME: home })))
  corpus = join(home, 'tales.txt')
  writeFileSync(corpus, tales(400))
})
afterAll(() => rmSync(home, { recursive: true, force: true }))

describe('plan', () => {
  it('gives the published family in exactly this shape', async () => {
    const { members, ...rest } = await json('plan', '--family', 'cerebras-gpt')
    expect(rest).toEqual({})
    expect(members.map(({ name }: any) => name)).toEqual(['111M', '256M', '590M', '1.3B', '2.7B', '6.7B', '13B'])
    for (const member of members) {
      expect(Object.keys(member)).toEqual([
        'name',
        'layers',
        'width',
        'heads',
        'parameters',
        'tokens',
        'steps',
        'batchSequences',
        'flops',
      ])
      expect(Object.keys(member.flops)).toEqual(['cerebras', 'hoffmann', 'sixNd', 'palm'])
    }
    expect(members[0]).toMatchObject({
      layers: 10,
      width: 768,
      heads: 12,
      parameters: 111_050_496,
      tokens: 2_220_933_120,
      steps: 9037,
      batchSequences: 120,
    })
    expect(members[0].flops.cerebras).toBeCloseTo(2.6437e18, -15)
  })

  it('turns a budget or a size into a ladder', async () => {
    const { members } = await json('plan', '--budget', '1e13', '--tokenizer', 'bpe:512')
    const spent = members.reduce((sum: number, { flops }: any) => sum + flops.sixNd, 0)
    expect(spent).toBeGreaterThan(0.5e13)
    expect(spent).toBeLessThan(1.1e13)
    const largest = (await json('plan', '--largest', '1M')).members.at(-1).parameters
    expect(Math.abs(Math.log(largest / 1e6))).toBeLessThan(0.25)
  })
})

describe('what cannot be done', () => {
  const cases: [string[], number, RegExp][] = [
    [[], 2, /Which command\?/],
    [['fly'], 2, /Unknown command 'fly'/],
    [['plan'], 2, /one of --family, --budget, --largest or --study/],
    [['plan', '--budget', 'much'], 2, /--budget.*number above 0/],
    [['plan', '--budget', '5'], 1, /--budget: .* too few; the smallest ladder takes/],
    [['plan', '--family', 'nobody'], 1, /no family called "nobody"/],
    [['plan', '--study', 'nothing'], 1, /no study called "nothing"/],
    [['train', '--tokenizer', 'bpe:3'], 2, /--tokenizer.*bpe:N with N from/],
    [['train', '--corpus', '/no/such/text'], 1, /corpus: .*\/no\/such\/text/],
    [['train', '--budget', '1e12', '--largest', '1M'], 2, /--budget and --largest/],
    [['studies', 'delete', '', '--yes'], 2, /Which study\?/],
    [['models', 'delete', ' ', '--yes'], 2, /Which model\?/],
    [['corpus', 'add', ''], 2, /Which path\?/],
    [['corpus', 'delete', 'no such', '--yes'], 1, /no corpus called "no such"/],
    [['train', '--corpus', ''], 2, /--corpus: which one\?/],
    [['export', 'last', '--to', ''], 2, /--to: which one\?/],
    [['export', 'nobody'], 2, /--to/],
    [['export', 'nobody', '--to', '/tmp/nowhere'], 1, /no run called "nobody"/],
    [['generate', 'nobody', '--prompt', 'x', '--temperature', '-1'], 2, /--temperature/],
    [['plan', '--largest', '5'], 1, /--largest: it must be from 30.0 k to 20.0 G/],
    [['plan', '--largest', '1e12'], 1, /--largest: it must be from .* it is 1.00 T/],
    [
      ['plan', '--budget', '1e40'],
      1,
      /--budget: 1.00e40 FLOPs are too many; the smallest ladder takes .*, the largest/,
    ],
    [['plan', '--isoflop', '1e40'], 1, /1e40 FLOPs are too many for a profile/],
    [['train', '--largest', '5'], 1, /--largest: it must be from/],
    [
      ['train', '--tokenizer', 'bytes', '--member', '43.9k'],
      1,
      /member: there is none called "43.9k". There are: 35.7k/,
    ],
    [
      ['mup-check', '--kind', 'transfer', '--learning-rates', '1e-3,2e-3'],
      1,
      /learningRates: a sweep needs at least three/,
    ],
    [['bench', '--shape', 'C', '--only', 'generate'], 1, /nothing to measure in these choices/],
    [['bench', '--shape', 'C', '--only', 'generate', '--engine', 'native'], 1, /nothing to measure in these choices/],
    [['resume'], 1, /No run is waiting/],
    [['serve', '--port', '99999'], 2, /--port.*from 0 to 65535/],
  ]
  for (const [args, status, sentence] of cases) {
    it(`isoflop ${args.join(' ')}`, async () => {
      const plain = await isoflop(...args)
      expect(plain).toMatchObject({ status, stdout: '' })
      expect(plain.stderr).toMatch(sentence)
      expect(plain.stderr.trim().split('\n')).toHaveLength(1)
      const asJson = await isoflop(...args, '--json')
      expect(asJson.status).toBe(status)
      const { error } = JSON.parse(asJson.stdout)
      expect(Object.keys(error)).toEqual(['code', 'message'])
      expect(error.message).toMatch(sentence)
    })
  }
})

it('an engine that is not here is refused before anything is read or made', async () => {
  const elsewhere = ['--data', join(home, 'no engine')]
  for (const args of [['train', '--corpus', '/no/such/text'], ['demo'], ['mup-check']]) {
    process.env.VK_DRIVER_FILES = '/no/card/here' // read by the Vulkan loader of the commands
    const refused = await isoflop(...args, '--engine', 'gpu', ...elsewhere).finally(
      () => delete process.env.VK_DRIVER_FILES,
    )
    expect(refused).toMatchObject({ status: 1, stdout: '' })
    expect(refused.stderr).toMatch(/--engine: gpu does not run here: .*Leave it out for the fastest that does/)
  }
  expect((await json('studies', ...elsewhere)).studies).toEqual([])
})

it('a training that is refused leaves nothing behind', async () => {
  const known = [(await json('studies')).studies, (await json('corpus', 'list')).corpora.map(({ id }: any) => id)]
  const refused = await isoflop(
    'train',
    '--corpus',
    corpus,
    '--tokenizer',
    'bytes',
    '--largest',
    '20B',
    '--engine',
    'reference',
  )
  expect(refused).toMatchObject({ status: 1, stdout: '' })
  expect(refused.stderr).toMatch(/cannot be trained here: Needs .* of memory/)
  expect([(await json('studies')).studies, (await json('corpus', 'list')).corpora.map(({ id }: any) => id)]).toEqual(
    known,
  )
})

it('every command explains itself with an example', async () => {
  const { stdout } = await isoflop('--help')
  const commands = [...stdout.matchAll(/^ {2}([a-z]+) /gm)].map(([, name]) => name).filter((name) => name !== 'help')
  expect(commands).toEqual(
    expect.arrayContaining([
      'plan',
      'train',
      'resume',
      'runs',
      'export',
      'generate',
      'demo',
      'bench',
      'serve',
      'studies',
      'corpus',
    ]),
  )
  for (const name of commands.flatMap((one) =>
    one === 'corpus'
      ? [
          ['corpus', 'list'],
          ['corpus', 'add'],
        ]
      : [[one]],
  )) {
    const help = await isoflop(...name, '--help')
    expect(help.status).toBe(0)
    expect(help.stdout, name.join(' ')).toMatch(/Examples?:\n\s+\$ isoflop /)
  }
})

it('is what `npx isoflop` runs', async () => {
  const stdout = await new Promise<string>((resolve) =>
    execFile(process.execPath, ['bin/isoflop.mjs', '--version'], { encoding: 'utf8' }, (_, text) => resolve(text)),
  )
  expect(stdout.trim()).toBe(JSON.parse(readFileSync('package.json', 'utf8')).version)
})

it('a reader that leaves early ends the command without a word', async () => {
  const { stderr } = await new Promise<Outcome>((resolve) => {
    execFile(
      '/bin/sh',
      ['-c', `"${process.execPath}" "${cli}" plan --family cerebras-gpt --json | head -n 1`],
      { encoding: 'utf8' },
      (_, stdout, errors) => resolve({ status: 0, stdout, stderr: errors }),
    )
  })
  expect(stderr).toBe('')
})
