// What `isoflop evaluate` makes lies in the lab: the window shows it, a kill loses nothing of it, and it is known by
// the content of weights, rows and examples.
import { execFile, spawn } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Evaluation, EvaluationOptions } from '#shared/evaluation/evaluation.ts'
import { createLab, type LabHost } from '#main/lab/lab.ts'
import { forkNodeWorker } from '#main/platform/processes/node.ts'
import { ensureBuilt } from '../support/build.ts'
import { until } from '../support/tiny-lab.ts'

const fixtures = resolve('test/fixtures/evaluation')
let folder: string
let home: string
let built: ReturnType<typeof ensureBuilt>
beforeAll(() => {
  built = ensureBuilt()
  folder = mkdtempSync(join(tmpdir(), 'isoflop-evaluate-lab-'))
  home = join(folder, 'home')
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const environment = () => ({ ...process.env, ISOFLOP_HOME: home, HF_ENDPOINT: 'http://127.0.0.1:9' })

function isoflop(...args: string[]): Promise<{ status: number; document: any; stderr: string }> {
  return new Promise((done) => {
    execFile(
      process.execPath,
      [built.cli, 'evaluate', ...args, '--json'],
      { encoding: 'utf8', env: environment(), maxBuffer: 2 ** 26 },
      (error, stdout, stderr) =>
        done({ status: error ? Number(error.code) : 0, document: JSON.parse(stdout) as unknown, stderr }),
    )
  })
}

/** What the window sees: the same lab, opened by a door of its own. */
async function inLab<T>(use: (lab: LabHost) => Promise<T>): Promise<T> {
  const { worker, resources } = built
  const lab = await createLab({ home, resources, version: '0.0.0', door: 'web', fork: forkNodeWorker(worker) })
  try {
    return await use(lab)
  } finally {
    await lab.close()
  }
}
const listed = (studyId: string): Promise<Evaluation[]> => inLab((lab) => lab.listEvaluations(studyId))

const model = () => ['--checkpoint', join(fixtures, 'model')]
const piqa = () => ['--task', 'piqa', '--data', join(fixtures, 'piqa.jsonl')]

it('shows in the window, with the numbers that the window reports for the same rows and shots', async () => {
  const shots = ['--shots', '5', '--shots-from', join(fixtures, 'piqa_shots.jsonl'), '--shots-sampler', 'harness']
  const { document } = await isoflop(...model(), ...piqa(), ...shots)
  const [mine] = await listed(document.studyId)
  expect(mine).toMatchObject({
    id: document.evaluationIds[0],
    state: 'finished',
    name: 'model',
    subject: { kind: 'folder', path: join(fixtures, 'model') },
    done: 24,
    of: 24,
  })
  expect(mine.parameters).toBeGreaterThan(402_056)
  // The window's own way: the rows are added to the lab, and it chooses the engine's threads.
  const options: EvaluationOptions = { shots: 5, sampler: 'harness', limit: null, split: null, engine: 'auto' }
  const theirs = await inLab(async (lab) => {
    await lab.addTaskFile('piqa', 'items', join(fixtures, 'piqa.jsonl'))
    await lab.addTaskFile('piqa', 'shots', join(fixtures, 'piqa_shots.jsonl'))
    const [{ id }] = await lab.startEvaluations(document.studyId, [mine.subject], ['piqa'], options)
    return until(
      async () =>
        (await lab.listEvaluations(document.studyId)).find((one) => one.id === id && one.state === 'finished'),
      'the window’s evaluation',
      60_000,
    )
  })
  expect(theirs.result).toEqual(mine.result)
  expect(theirs.identity).toBe(mine.identity)
  // Without --data the command line takes the rows that the lab has, as the window does.
  const again = await isoflop(...model(), '--task', 'piqa', '--shots', '5', '--shots-sampler', 'harness')
  expect(again.document.results).toEqual(document.results)
})

it('killed at any sample it goes on from there when it is asked for again', async () => {
  const data = join(folder, 'many.jsonl')
  writeFileSync(data, readFileSync(join(fixtures, 'hellaswag.jsonl'), 'utf8').repeat(200))
  const args = [...model(), '--task', 'hellaswag', '--data', data, '--study', 'Evaluations']
  const child = spawn(process.execPath, [built.cli, 'evaluate', ...args, '--limit', '2400'], {
    env: environment(),
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const ended = new Promise((done) => child.once('exit', done))
  await new Promise<void>((done) => child.stderr.on('data', () => setTimeout(done, 700)))
  child.kill('SIGKILL')
  await ended
  const whole = await isoflop(...args, '--limit', '2400')
  expect(whole.status).toBe(0)
  const id = whole.document.evaluationIds[0] as string
  const mine = (await listed(whole.document.studyId)).filter(({ task }) => task === 'hellaswag')
  expect(mine.map((one) => [one.id, one.state, one.done])).toEqual([[id, 'finished', 2400]])
  expect(mine[0].scoring!.items).toBeLessThan(2400) // some had been scored before
  const lines = readFileSync(join(home, 'evaluations', id, 'samples.jsonl'), 'utf8')
    .trim()
    .split('\n')
  expect(new Set(lines.map((line) => (JSON.parse(line) as { index: number }).index)).size).toBe(2400)
})

it('goes on only with the same weights, rows and examples, whatever their paths', async () => {
  const weights = join(folder, 'weights')
  cpSync(join(fixtures, 'model'), weights, { recursive: true })
  const samples = join(folder, 'items.jsonl')
  const args = ['--checkpoint', weights, ...piqa(), '--limit', '10', '--samples', samples]
  const first = await isoflop(...args)
  expect(first.status).toBe(0)
  expect((await isoflop(...args, '--resume')).document.results).toEqual(first.document.results)

  const path = join(weights, 'model.safetensors')
  const bytes = readFileSync(path)
  bytes.fill(60, bytes.length - 4096) // other weights under the same name
  writeFileSync(path, bytes)
  const before = readFileSync(samples, 'utf8')
  const other = await isoflop(...args, '--resume')
  expect([other.status, other.document.error.message]).toEqual([1, expect.stringContaining('another evaluation')])
  expect(readFileSync(samples, 'utf8')).toBe(before)
})

it('--samples overwrites nothing but samples, and nothing that is read', async () => {
  const rows = join(folder, 'mine.jsonl')
  writeFileSync(rows, '{"text":"a b c d"}\n')
  const thesis = join(folder, 'thesis.txt')
  writeFileSync(thesis, 'Years of work.\n')
  const text = [...model(), '--task', 'text', '--data', rows, '--samples']
  for (const args of [[rows], [rows, '--overwrite'], [thesis], [thesis, '--resume'], [thesis, '--overwrite']]) {
    const { status, document } = await isoflop(...text, ...args)
    expect([status, document.error?.code], args.join(' ')).toEqual([1, 'conflict'])
  }
  const kept = await isoflop(...text, join(home, 'runs', 'items.jsonl'))
  expect([kept.status, kept.document.error.message]).toEqual([1, expect.stringContaining('keeps its own data')])
  expect(readFileSync(rows, 'utf8')).toBe('{"text":"a b c d"}\n')
  expect(readFileSync(thesis, 'utf8')).toBe('Years of work.\n')

  const samples = join(folder, 'samples.jsonl')
  expect((await isoflop(...text, samples)).status).toBe(0)
  const before = readFileSync(samples, 'utf8')
  expect(before.trim().split('\n')).toHaveLength(1)
  expect((await isoflop(...text, samples)).document.error.message).toMatch(/exists already\. --resume/)
  writeFileSync(rows, '{"txt":"a row that is none"}\n') // refused, and the samples of before stay
  expect((await isoflop(...text, samples, '--overwrite')).status).toBe(1)
  expect(readFileSync(samples, 'utf8')).toBe(before)
})
