// The command line at work: from a text to a model, a study and a law, each with one document; paused, and gone on.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readSafetensors } from '#main/core/model-formats/safetensors.ts'
import { commandLine, ended, firstText, tales, tinyStudy, type CommandLine } from '../support/command-line.ts'

let home: string
let corpus: string
let isoflop: CommandLine['run']
let json: CommandLine['json']
let start: CommandLine['start']
beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'isoflop-cli-'))
  ;({ run: isoflop, json, start } = commandLine(() => ({ ISOFLOP_HOME: home })))
  corpus = join(home, 'tales.txt')
  writeFileSync(corpus, tales(400))
})
afterAll(() => rmSync(home, { recursive: true, force: true }))

/** Trains in seconds, on the engine that is everywhere. */
const tiny = [...tinyStudy, '--engine', 'reference']

describe('from a text to a model', () => {
  it('trains, lists, exports and generates, each with one document', async () => {
    const [member] = (await json('plan', ...tinyStudy)).members
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
    const [member] = (await json('plan', ...tinyStudy)).members
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
