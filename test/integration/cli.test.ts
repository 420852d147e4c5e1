// The command line as a person or a script meets it: one document on standard output, sentences on standard error, a
// status that tells.
import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createRandom } from '#shared/random.ts'
import { readSafetensors } from '#main/core/model-formats/safetensors.ts'
import { ensureBuilt } from '../support/build.ts'

let cli: string
let home: string
let corpus: string
beforeAll(() => {
  cli = ensureBuilt().cli
  home = mkdtempSync(join(tmpdir(), 'isoflop-cli-'))
  corpus = join(home, 'tales.txt')
  writeFileSync(corpus, tales(400))
})
afterAll(() => rmSync(home, { recursive: true, force: true }))

interface Outcome {
  status: number | null
  stdout: string
  stderr: string
}

function isoflop(...args: string[]): Promise<Outcome> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [cli, ...args],
      { encoding: 'utf8', env: { ...process.env, ISOFLOP_HOME: home }, maxBuffer: 2 ** 26 },
      (error, stdout, stderr) => {
        resolve({ status: error ? (error.code as unknown as number) : 0, stdout, stderr })
      },
    )
  })
}

/** The command's document; fails where it is not the only thing on standard output. */
async function json(...args: string[]): Promise<any> {
  const { status, stdout, stderr } = await isoflop(...args, '--json')
  expect(status, `${args.join(' ')}\n${stderr}`).toBe(0)
  return JSON.parse(stdout)
}

const start = (...args: string[]): ChildProcess =>
  spawn(process.execPath, [cli, ...args], {
    env: { ...process.env, ISOFLOP_HOME: home },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
const ended = (child: ChildProcess): Promise<number | null> => new Promise((resolve) => child.once('exit', resolve))
const firstText = (stream: NodeJS.ReadableStream, wanted: RegExp): Promise<string> =>
  new Promise((resolve, reject) => {
    let text = ''
    stream.on('data', (piece) => {
      if (wanted.test((text += piece))) resolve(text)
    })
    stream.on('end', () => reject(new Error(`ended without ${wanted}: ${text}`)))
  })

/** Small texts with something to learn in them. */
function tales(count: number): string {
  const random = createRandom(11)
  const pick = (words: string) => words.split(' ')[random.integer(words.split(' ').length)]
  const sentence = () =>
    `The ${pick('old young small tall')} ${pick('fox king owl bear')} ${pick('saw found lost')} the ${pick('river stone tree house')}.`
  return Array.from({ length: count }, () => Array.from({ length: 12 }, sentence).join(' ')).join('\n\n')
}

/** A study that trains in seconds, on the engine that is everywhere. */
const tiny = [
  '--tokenizer',
  'bytes',
  '--context',
  '16',
  '--largest',
  '20k',
  '--tokens-per-parameter',
  '0.1',
  '--batch-tokens',
  '64',
  '--engine',
  'reference',
]
const planArguments = tiny.slice(0, 10)

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

describe('from a text to a model', () => {
  it('trains, lists, exports and generates, each with one document', async () => {
    const [member] = (await json('plan', ...planArguments)).members
    const trained = await json('train', '--name', 'Tales', '--corpus', corpus, '--member', member.name, ...tiny)
    expect(trained.runs).toHaveLength(1)
    const [run] = trained.runs
    expect(run).toMatchObject({ state: 'finished', name: member.name, step: member.steps, engine: 'reference' })
    expect(run.validationLoss).toBeGreaterThan(0)
    expect(run.validationLoss).toBeLessThan(Math.log(257))

    expect((await json('runs')).runs.map(({ id }: any) => id)).toEqual([run.id])
    expect((await json('runs', '--study', 'Tales')).runs).toHaveLength(1)
    expect((await json('studies')).studies.map(({ name }: any) => name)).toEqual(['Tales'])
    expect((await json('corpus', 'list')).corpora.map(({ name }: any) => name)).toContain('tales')
    const planned = (await json('plan', '--study', 'Tales')).members[0]
    expect(planned).toMatchObject({ ...member, refusal: null })

    const folder = join(home, 'exports', 'export')
    const exported = await json('export', 'last', '--to', folder)
    expect(exported).toMatchObject({ runId: run.id, folder, largestDifference: 0 })
    const { tensors } = await readSafetensors(join(folder, 'model.safetensors'))
    expect([...tensors.values()].reduce((sum, { data }) => sum + data.length, 0)).toBe(member.parameters)
    expect(readFileSync(join(folder, 'README.md'), 'utf8')).toContain('tales')
    const again = await isoflop('export', 'last', '--to', folder, '--json')
    expect(again.status).toBe(1)
    expect(JSON.parse(again.stdout).error.code).toBe('conflict')
    await json('export', 'last', '--to', folder, '--overwrite')

    const options = ['--prompt', 'The old', '--tokens', '20', '--seed', '3']
    const first = await json('generate', run.id, ...options)
    expect(first).toMatchObject({ runId: run.id, prompt: 'The old' })
    expect(first.tokens).toBeGreaterThan(0)
    expect((await json('generate', run.id, ...options)).text).toBe(first.text)
    const spoken = await isoflop('generate', run.id, ...options)
    expect(spoken.stdout).toBe(`The old${first.text}\n`)
  })

  it('pauses at Ctrl+C, says how to go on, and goes on', async () => {
    const [member] = (await json('plan', ...planArguments)).members
    const child = start(
      'train',
      '--name',
      'Long',
      '--corpus',
      'tales',
      '--member',
      member.name,
      ...tiny,
      '--tokens-per-parameter',
      '0.5',
      '--json',
    )
    let stdout = ''
    child.stdout!.on('data', (piece) => {
      stdout += piece
    })
    await firstText(child.stderr!, /step [1-9]/)
    child.kill('SIGINT')
    expect(await ended(child)).toBe(130)
    const { error } = JSON.parse(stdout)
    expect(error).toMatchObject({ code: 'cancelled', message: expect.stringMatching(/Paused: .* `isoflop resume/) })
    const paused = (await json('runs', '--study', 'Long')).runs
    expect(paused.map(({ state }: any) => state)).toEqual(paused.map(() => 'paused'))
    const before = paused[0]
    expect(before.step).toBeGreaterThan(0)
    expect(before.step).toBeLessThan(before.steps)
    const resumed = await json('resume', before.id)
    expect(resumed.runs[0]).toMatchObject({ id: before.id, state: 'finished', step: before.steps })
  })
})

it('studies are made, renamed, copied, put away, deleted and carried to another lab', async () => {
  const one = (await json('studies', 'create', 'Wide')).study
  expect((await json('studies', 'rename', one.id, 'Deep')).study.name).toBe('Deep')
  const copy = (await json('studies', 'duplicate', one.id)).study
  expect(copy.id).not.toBe(one.id)
  expect((await json('studies', 'archive', copy.id)).study.isArchived).toBe(true)
  expect((await json('studies', 'unarchive', copy.id)).study.isArchived).toBe(false)

  const file = join(home, 'deep.json')
  await json('studies', 'write', 'Deep', '--to', file)
  expect((await isoflop('studies', 'write', 'Deep', '--to', file)).status).toBe(1)
  const carried = (await json('studies', 'read', file, '--data', join(home, 'elsewhere'))).study
  expect(await json('plan', '--study', carried.id, '--data', join(home, 'elsewhere'))).toEqual(
    await json('plan', '--study', one.id),
  )

  expect((await json('studies', 'delete', copy.id)).deleted).toBe(copy.id)
  expect((await json('studies')).studies.map(({ id }: any) => id)).not.toContain(copy.id)
  await json('trash', 'restore', copy.id)
  expect((await json('studies')).studies.map(({ id }: any) => id)).toContain(copy.id)
  expect((await json('studies', 'delete', copy.id, '--yes')).deleted).toBe(copy.id)
  expect((await isoflop('trash', 'empty', copy.id)).stderr).toMatch(/for good/)
  expect((await json('trash', 'empty', copy.id, '--yes')).forgotten).toEqual([copy.id])
  expect((await json('trash')).deleted.map(({ id }: any) => id)).not.toContain(copy.id)
  const empty = await isoflop('studies', '--data', '')
  expect([empty.status, empty.stderr]).toEqual([1, expect.stringContaining('--data names no folder')])
})

it('a text that is added twice is told, and a name of two is not guessed', async () => {
  const elsewhere = ['--data', join(home, 'twice')]
  const first = await json('corpus', 'add', corpus, ...elsewhere)
  expect(first.sameAs).toEqual([])
  const second = await isoflop('corpus', 'add', corpus, ...elsewhere, '--json')
  expect(JSON.parse(second.stdout).sameAs).toEqual([first.corpus.id])
  expect(second.stderr).toContain(`tales (${first.corpus.id}) was read from the same place and is as large`)
  const guessed = await isoflop('train', '--corpus', 'tales', ...tiny, ...elsewhere)
  expect(guessed).toMatchObject({ status: 1, stderr: expect.stringContaining('"tales" could mean 2 of the corpora') })
  await json('corpus', 'delete', first.corpus.id, '--yes', ...elsewhere)
  const bad = join(home, 'mended.jsonl')
  writeFileSync(bad, '')
  expect((await isoflop('corpus', 'add', bad, ...elsewhere)).status).toBe(1)
  const documents = tales(100).split('\n\n')
  writeFileSync(bad, documents.map((text) => JSON.stringify({ text })).join('\n'))
  const mended = await json('corpus', 'add', bad, ...elsewhere)
  const trained = await json('train', '--corpus', 'mended', '--member', '28.3k', ...tiny, ...elsewhere)
  const study = (await json('studies', ...elsewhere)).studies.find(({ id }: any) => id === trained.studyId)
  expect(study.corpusId).toBe(mended.corpus.id)
})

it('a text whose validation split is shorter than a sequence is told before it trains, and once more by the law', async () => {
  const short = join(home, 'short.txt')
  writeFileSync(short, tales(12))
  const elsewhere = ['--data', join(home, 'short')]
  const shape = ['--tokenizer', 'bytes', '--context', '1024', '--batch-tokens', '1024', '--largest', '60k']
  const cheap = ['--tokens-per-parameter', '0.02', '--engine', 'reference']
  const trained = await isoflop('train', '--corpus', short, '--name', 'Short', ...shape, ...cheap, ...elsewhere)
  expect(trained.stderr).toMatch(/The validation split has \d+ tokens and one sequence needs 1025/)
  const planned = (await json('plan', '--study', 'Short', ...elsewhere)).members
  expect(planned[0].warnings.join()).toMatch(/no validation loss/)
  const [run] = (await json('runs', ...elsewhere)).runs
  expect(run).toMatchObject({ validationLoss: null, message: expect.stringMatching(/no validation loss/) })
  const fitted = await isoflop('fit', '--study', 'Short', ...elsewhere)
  expect(fitted.stderr).toMatch(/None of the study's \d+ finished runs has a validation loss/)
})

it('demo leaves a law and a checkpoint', async () => {
  const demo = await json('demo', '--tokens-per-parameter', '0.3')
  expect(demo.members).toHaveLength(5)
  for (const { validationLoss } of demo.members) expect(validationLoss).toBeGreaterThan(0)
  expect(demo.law.exponent).toBeLessThan(0)
  expect(demo.forecast.error).toBeCloseTo(demo.forecast.forecast / demo.forecast.measured - 1, 9)
  expect(existsSync(join(demo.export.folder, 'model.safetensors'))).toBe(true)
})

it('emulate --search has the lab search, and stops at Ctrl+C', async () => {
  const asked = ['emulate', '--model', 'megatron-22b', '--machine', 'a100-80', '--batch', '32', '--search']
  const document = await json(...asked, '--devices', '8', '--devices', '16')
  expect(document.best.length).toBeGreaterThan(1)
  expect(document.pareto.length).toBeGreaterThan(1)
  expect((await isoflop(...asked, '--devices', '8')).stdout).toContain('None is faster with less memory')
  const none = ['--model', 'megatron-1t', '--machine', 'v100', '--devices', '8', '--batch', '8', '--precision', 'fp16']
  expect((await isoflop('emulate', ...none, '--search')).stderr).toMatch(/None of \d+ plans/)

  const child = start(
    'emulate',
    '--model',
    'gpt3-175b',
    '--machine',
    'a100-80',
    '--devices',
    '1536',
    '--batch',
    '4608',
    '--search',
    '--json',
  )
  let stdout = ''
  child.stdout!.on('data', (piece) => (stdout += piece))
  await firstText(child.stderr!, /plans tried/)
  child.kill('SIGINT')
  expect(await ended(child)).toBe(130)
  expect(JSON.parse(stdout).error.code).toBe('cancelled')
})

it('commands that only look do so beside a lab that is open, and nothing else does', async () => {
  const known = (await json('studies')).studies
  const child = start('serve', '--json')
  await firstText(child.stdout!, /\}\n$/)
  try {
    expect((await json('studies')).studies).toEqual(known)
    expect((await json('runs')).runs.length).toBeGreaterThan(0)
    expect((await json('models')).models).toEqual([])
    expect((await json('corpus', 'list')).corpora.length).toBeGreaterThan(0)
    expect((await json('plan', '--study', known[0].id)).members.length).toBeGreaterThan(0)
    expect((await json('generate', 'last', '--prompt', 'The', '--tokens', '3')).tokens).toBeGreaterThan(0)
    await json('export', 'last', '--to', join(home, 'exports', 'beside'))
    expect(existsSync(join(home, 'exports', 'beside', 'model.safetensors'))).toBe(true)
    const refused = await isoflop('studies', 'create', 'Beside')
    expect([refused.status, refused.stderr]).toEqual([1, expect.stringMatching(/is open already, in process \d+/)])
  } finally {
    child.kill('SIGINT')
    await ended(child)
  }
})

it('bench measures in processes of its own', async () => {
  const report = await json('bench', '--engine', 'reference', '--shape', 'C', '--pairs', '1', '--seconds', '0.1')
  expect(report.comparisons[0]).toMatchObject({ name: 'train C', unit: 'tokens/s' })
  expect(report.comparisons[0].measured[0].rate.median).toBeGreaterThan(0)
  expect(report.comparisons[0].measured[0].peakRssBytes).toBeGreaterThan(1e7)
})

it('serve prints one document, answers, and ends at Ctrl+C', async () => {
  const child = start('serve', '--json')
  const { url, port } = JSON.parse(await firstText(child.stdout!, /\}\n$/))
  expect(url).toContain(`127.0.0.1:${port}`)
  const page = await fetch(url)
  expect(page.status).toBe(200)
  expect((await fetch(`http://127.0.0.1:${port}/`)).status).toBe(401)
  child.kill('SIGINT')
  expect(await ended(child)).toBe(0)
})
