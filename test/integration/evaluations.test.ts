// Evaluations beside training with real processes: what a lab trains is evaluated as it finishes, politely, and
// whatever dies goes on.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { getPriority, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { defaultEvaluationOptions, type Evaluation } from '#shared/evaluation/evaluation.ts'
import type { Study } from '#shared/study.ts'
import { createLab, type LabHost } from '#main/lab/lab.ts'
import { forkNodeWorker } from '#main/platform/processes/node.ts'
import type { ForkWorker } from '#main/platform/processes/process.ts'
import { ensureBuilt } from '../support/build.ts'
import { smallText } from '../support/small-text.ts'
import { until } from '../support/tiny-lab.ts'

const patienceMs = 120_000
let folder: string
let lab: LabHost
let study: Study
let cli: string
/** Of the processes that evaluate, in the order in which they began; probes of engines come and go beside them. */
const evaluating: number[] = []
const open = async () => {
  const { worker, resources } = ensureBuilt()
  const forkReal = forkNodeWorker(worker)
  const fork: ForkWorker = () => {
    const process = forkReal()
    const send = (message: unknown): void => {
      if ((message as { job?: { kind: string } }).job?.kind === 'evaluate') evaluating.push(process.pid!)
      process.send(message)
    }
    return { ...process, send }
  }
  return createLab({ home: join(folder, 'home'), resources, version: '0.0.0', door: 'web', fork })
}
beforeAll(async () => {
  cli = ensureBuilt().cli
  folder = mkdtempSync(join(tmpdir(), 'isoflop-evaluations-'))
  writeFileSync(join(folder, 'text.txt'), smallText(300_000))
  lab = await open()
  const { id: corpusId } = await lab.addCorpus([join(folder, 'text.txt')], 'Words')
  await until(
    async () => (await lab.listCorpora()).find(({ id, state }) => id === corpusId && state === 'finished'),
    'the text',
    patienceMs,
  )
  const { id, recipe } = await lab.createStudy('Tiny')
  study = await lab.updateStudy(id, {
    corpusId,
    tokenizer: { kind: 'bytes' },
    recipe: { ...recipe, context: 64, batchTokens: 512, tokensPerParameter: 2 },
    ladder: {
      dial: { kind: 'largest', parameters: 30_000 },
      members: [16, 32].map((width) => ({
        id: `w${width}`,
        name: `w${width}`,
        layers: 1,
        width,
        heads: 2,
        isEnabled: true,
      })),
    },
  })
})
afterAll(async () => {
  await lab.close()
  rmSync(folder, { recursive: true, force: true })
})

const all = (what: (one: Evaluation) => boolean, count: number) =>
  until(
    async () => {
      const found = (await lab.listEvaluations(study.id)).filter(what)
      return found.length === count && found
    },
    `${count} evaluations`,
    patienceMs,
  )

it('members are evaluated as they finish, on the text they learned from and on synthetic tasks', async () => {
  await lab.setAutomaticEvaluation(study.id, {
    isOn: true,
    tasks: ['text', 'brackets', 'cloze'],
    options: { ...defaultEvaluationOptions, limit: 40 },
  })
  await lab.startRuns(study.id, ['w16', 'w32'])
  const finished = await all(({ state }) => state === 'finished' || state === 'failed', 6)
  expect(finished.map(({ message }) => message)).toEqual(Array(6).fill(null))
  expect(finished.map(({ name, task }) => `${name} ${task}`).sort()).toEqual([
    'w16 brackets',
    'w16 cloze',
    'w16 text',
    'w32 brackets',
    'w32 cloze',
    'w32 text',
  ])
  for (const { task, result, done, of, memberId, flops, seconds } of finished) {
    expect([done, of]).toEqual([result!.items, result!.items])
    expect(result!.items).toBeLessThanOrEqual(40)
    expect(flops).toBeGreaterThan(0)
    expect(seconds).toBeGreaterThan(0)
    expect(memberId).toMatch(/^w/)
    if (task !== 'text') continue
    // Bits per byte of a byte model and its validation loss in nats per token say the same of the same kind of text.
    const bits = result!.metrics.find(({ name }) => name === 'bits_per_byte')!.value
    const run = (await lab.listRuns(study.id)).find((one) => one.memberId === memberId)!
    expect(Math.abs(bits - run.validationLoss! / Math.LN2)).toBeLessThan(0.5)
  }
})

it('lets every other process go first, and goes on where its own was killed', async () => {
  const [{ id: runId }] = await lab.listRuns(study.id)
  const rows = join(folder, 'rows.jsonl')
  writeFileSync(
    rows,
    Array.from({ length: 30_000 }, (_, i) =>
      JSON.stringify({ goal: `Number ${i}`, sol1: 'is counted.', sol2: 'is lost.', label: i % 2 }),
    ).join('\n'),
  )
  await lab.addTaskFile('piqa', 'items', rows)
  const begun = evaluating.length
  const [{ id }] = await lab.startEvaluations(
    study.id,
    [{ kind: 'run', runId, step: null }],
    ['piqa'],
    defaultEvaluationOptions,
  )
  const mine = async (what: (one: Evaluation) => boolean) =>
    until(async () => (await lab.listEvaluations(study.id)).find((one) => one.id === id && what(one)), 'it', patienceMs)
  await mine(({ done, state }) => done > 100 || state === 'failed')
  const pid = evaluating[begun]
  expect(getPriority(pid)).toBeGreaterThan(getPriority())
  process.kill(pid, 'SIGKILL')
  const killed = await mine(({ state }) => state !== 'running')
  expect(killed).toMatchObject({ state: 'failed', of: 30_000 })
  const { total } = await lab.readSamples(id, { verdict: 'all', from: 0, count: 1 })
  expect(total).toBeGreaterThanOrEqual(100)
  await lab.resumeEvaluation(id)
  await mine(({ done }) => done > total + 100)
  expect((await lab.stopEvaluation(id)).state).toBe('cancelled')
  // Around the place where it was killed no item is missing and none is there twice.
  const from = Math.max(0, total - 100)
  const page = await lab.readSamples(id, { verdict: 'all', from, count: 200 })
  expect(page.items.map(({ index }) => index)).toEqual(Array.from({ length: 200 }, (_, i) => from + i))
})

it('gives the numbers that the command line gives', async () => {
  const [{ id: runId }] = await lab.listRuns(study.id)
  const [mine] = (await lab.listEvaluations(study.id)).filter(
    ({ task, subject }) => task === 'brackets' && subject.kind === 'run' && subject.runId === runId,
  )
  await lab.export({ kind: 'run', runId, step: null }, join(folder, 'export'), false)
  const answer = JSON.parse(
    execFileSync(
      process.execPath,
      [cli, 'evaluate', '--checkpoint', join(folder, 'export'), '--task', 'brackets', '--limit', '40', '--json'],
      { encoding: 'utf8', env: { ...process.env, ISOFLOP_HOME: join(folder, 'other home') } },
    ),
  )
  const kept = JSON.parse(readFileSync(join(folder, 'home', 'evaluations', mine.id, 'results.json'), 'utf8'))
  for (const key of ['acc,none', 'acc_stderr,none', 'acc_norm,none'])
    expect(kept.results.brackets[key]).toBeCloseTo(answer.results.brackets[key], 6)
})
