import { existsSync, mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import {
  defaultAutomaticEvaluation,
  defaultEvaluationOptions,
  type Evaluation,
  type EvaluationOptions,
} from '#shared/evaluation/evaluation.ts'
import type { EvaluationRecord, EvaluationResult, ItemRecord } from '#shared/evaluation/result.ts'
import type { RunSummary } from '#shared/run.ts'
import type { Study } from '#shared/study.ts'
import { Fault } from '#shared/fault.ts'
import type { EvaluateJob } from '#main/core/evaluation/evaluate-job.ts'
import type { LabHost } from '#main/lab/lab.ts'
import type { Job } from '#main/worker.ts'
import { runIn, tinyLab, tinyStudy, until, type Bench } from '../../../support/tiny-lab.ts'

/** Scores as a test asks: `items` of them, right where the index is even, each when `go` lets it. */
interface Scripted {
  items: number
  /** Awaited before each item. */
  go: (index: number) => Promise<void>
  jobs: EvaluateJob[]
}

let bench: Bench
let lab: LabHost
let study: Study
let run: RunSummary
let script: Scripted
beforeEach(async () => {
  script = { items: 6, go: async () => undefined, jobs: [] }
  bench = tinyLab()
  bench.answer = (job, signal) => (job.kind === 'evaluate' ? scripted(job, signal) : null)
  lab = await bench.open()
  study = await tinyStudy(lab)
  ;[run] = await lab.startRuns(study.id, ['w8'])
  run = await runIn(lab, run.id, 'finished')
})
afterEach(() => bench.clean())

async function* scripted(
  job: Extract<Job, { kind: 'evaluate' }>,
  signal: AbortSignal,
): AsyncGenerator<EvaluationRecord, EvaluationResult> {
  script.jobs.push(job)
  const [{ task }] = job.tasks
  const done = new Set((job.done ?? []).map(({ index }) => index))
  yield { kind: 'progress', task, done: done.size, of: script.items }
  for (let index = 0; index < script.items; index++) {
    if (done.has(index)) continue
    await Promise.race([script.go(index), new Promise((resolve) => signal.addEventListener('abort', resolve))])
    if (signal.aborted) throw new Fault('cancelled', 'Cancelled.')
    done.add(index)
    const isEven = Number(index % 2 === 0)
    yield {
      kind: 'item',
      task,
      index,
      contexts: [`c${index}`],
      continuations: ['a', 'b'],
      gold: 0,
      logLikelihoods: [-1, -2],
      areGreedy: [false, false],
      metrics: { acc: isEven, acc_norm: isEven },
    } satisfies ItemRecord
    yield { kind: 'progress', task, done: done.size, of: script.items }
  }
  return {
    tasks: [
      {
        task,
        title: task,
        shots: job.tasks[0].shots,
        items: script.items,
        chance: 0.25,
        metrics: [{ name: 'acc', value: 0.5, stderr: 0.2 }],
      },
    ],
    scored: script.items,
    seconds: 1,
    secondsByTask: { [task]: 1 },
    device: 'a script',
  }
}

const never = () => new Promise<void>(() => undefined)
const only = (changes: Partial<EvaluationOptions> = {}): EvaluationOptions => ({
  ...defaultEvaluationOptions,
  ...changes,
})
const subject = () => ({ kind: 'run' as const, runId: run.id, step: null })
const evaluationIn = (id: string, ...states: Evaluation['state'][]) =>
  until(
    async () => (await lab.listEvaluations(study.id)).find((one) => one.id === id && states.includes(one.state)),
    `an evaluation that is ${states.join(' or ')}`,
  )
const start = async (...tasks: string[]) => lab.startEvaluations(study.id, [subject()], tasks, only())

describe('an evaluation', () => {
  test('waits its turn, tells how it goes, and keeps its numbers and every item', async () => {
    const told: Evaluation[] = []
    lab.listen('evaluation', (one) => told.push(one))
    const [first, second] = await start('brackets', 'arithmetic')
    expect([first.state, second.state]).toEqual(['queued', 'queued'])
    await evaluationIn(second.id, 'finished')
    const [mine] = await lab.listEvaluations(study.id)
    expect(mine).toMatchObject({
      id: first.id,
      state: 'finished',
      name: 'w8',
      memberId: 'w8',
      task: 'brackets',
      done: 6,
      of: 6,
      device: 'a script',
      message: null,
      subject: { kind: 'run', runId: run.id, step: run.steps },
      parameters: run.parameters,
      result: { items: 6, metrics: [{ name: 'acc', value: 0.5, stderr: 0.2 }] },
    })
    expect(mine.flops).toBeCloseTo(run.flops, -3)
    expect(
      told
        .filter(({ id }) => id === first.id)
        .map(({ state }) => state)
        .filter((state, i, all) => state !== all[i - 1]),
    ).toEqual(['queued', 'running', 'finished'])
    expect(script.jobs.map(({ isBackground, threads }) => [isBackground, threads])).toEqual([
      [true, 0],
      [true, 0],
    ])

    const all = await lab.readSamples(first.id, { verdict: 'all', from: 0, count: 4 })
    expect([all.total, all.items.map(({ index }) => index)]).toEqual([6, [0, 1, 2, 3]])
    const wrong = await lab.readSamples(first.id, { verdict: 'wrong', from: 1, count: 10 })
    expect([wrong.total, wrong.items.map(({ index }) => index)]).toEqual([3, [3, 5]])
    const folder = join(bench.home, 'evaluations', first.id)
    expect(JSON.parse(readFileSync(join(folder, 'results.json'), 'utf8'))).toMatchObject({
      results: { brackets: { 'acc,none': 0.5, 'acc_stderr,none': 0.2 } },
      'n-shot': { brackets: 0 },
      model_name: 'w8',
    })
  })

  test('cancelled, it goes on from the items that were scored', async () => {
    script.go = (index) => (index < 3 ? Promise.resolve() : never())
    const [{ id }] = await start('brackets')
    await until(async () => (await lab.listEvaluations(study.id))[0].done === 3, 'three items')
    expect((await lab.stopEvaluation(id)).state).toBe('cancelled')
    expect((await lab.readSamples(id, { verdict: 'all', from: 0, count: 10 })).total).toBe(3)
    script.go = async () => undefined
    expect((await lab.resumeEvaluation(id)).state).toBe('queued')
    await evaluationIn(id, 'finished')
    expect(script.jobs[1].done!.map(({ index }) => index)).toEqual([0, 1, 2])
    expect((await lab.readSamples(id, { verdict: 'all', from: 0, count: 10 })).items.map(({ index }) => index)).toEqual(
      [0, 1, 2, 3, 4, 5],
    )
    await expect(lab.resumeEvaluation(id)).rejects.toMatchObject({ code: 'conflict' })
  })

  test('outlives the lab, even where its last line was cut in two', async () => {
    script.go = (index) => (index < 3 ? Promise.resolve() : never())
    const [{ id }, { id: next }] = await start('brackets', 'copy')
    await until(async () => (await lab.listEvaluations(study.id))[0].done === 3, 'three items')
    await lab.close()
    const path = join(bench.home, 'evaluations', id, 'samples.jsonl')
    truncateSync(path, readFileSync(path).length - 5)
    script.go = async () => undefined
    lab = await bench.open()
    expect((await lab.listEvaluations(study.id)).map(({ state }) => state)).toEqual(['interrupted', 'interrupted'])
    await lab.resumeEvaluation(id)
    expect((await evaluationIn(id, 'finished')).done).toBe(6)
    expect(script.jobs[script.jobs.length - 1].done!.map(({ index }) => index)).toEqual([0, 1])
    // What is asked for again goes on, too, and is not made twice.
    expect((await start('copy')).map((one) => one.id)).toEqual([next])
    await evaluationIn(next, 'finished')
    expect((await start('copy'))[0].id).not.toBe(next)
  })

  test('whose process dies says so and can be taken up again', async () => {
    script.go = (index) => (index < 2 ? Promise.resolve() : never())
    const [{ id }] = await start('brackets')
    await until(async () => (await lab.listEvaluations(study.id))[0].done === 2, 'two items')
    bench.workers.killNewest()
    expect((await evaluationIn(id, 'failed')).message).toMatch(/\w/)
    script.go = async () => undefined
    await lab.resumeEvaluation(id)
    await evaluationIn(id, 'finished')
    expect(script.jobs[1].done!.length).toBe(2)
  })

  test('deleted comes back, and is gone with its files once the trash is emptied', async () => {
    const [{ id }, { id: other }] = await start('brackets', 'copy')
    await evaluationIn(other, 'finished')
    await lab.deleteEvaluation(id)
    expect((await lab.listEvaluations(study.id)).map((one) => one.id)).toEqual([other])
    expect((await lab.restoreEvaluation(id)).state).toBe('finished')
    await lab.deleteEvaluation(id)
    await lab.emptyDeleted([id])
    expect([id, other].map((one) => existsSync(join(bench.home, 'evaluations', one)))).toEqual([false, true])
  })

  test('goes with the run it is of', async () => {
    script.go = (index) => (index < 2 ? Promise.resolve() : never())
    const [{ id }] = await start('brackets')
    await evaluationIn(id, 'running')
    await lab.deleteRun(run.id)
    expect(await lab.listEvaluations(study.id)).toEqual([])
    await lab.restoreRun(run.id)
    await evaluationIn(id, 'cancelled')
  })

  test('has one thread while a run trains, and starts with that when a training begins', async () => {
    await lab.updateSettings({ threads: 2 })
    script.go = (index) => (index < 2 ? Promise.resolve() : never())
    const [{ id }] = await start('brackets')
    await until(async () => (await lab.listEvaluations(study.id))[0].done === 2, 'two items')
    let letGo = () => undefined as void
    const held = new Promise<void>((resolve) => {
      letGo = resolve
    })
    bench.answer = (job, signal) => {
      if (job.kind === 'evaluate') return scripted(job, signal)
      return job.kind === 'train'
        ? (async function* () {
            yield* []
            await held
            throw new Fault('cancelled', 'Enough.')
          })()
        : null
    }
    await lab.startRuns(study.id, ['w8'])
    await until(async () => script.jobs.length === 2, 'a second session')
    expect(script.jobs.map(({ threads, done }) => [threads, done!.length])).toEqual([
      [2, 0],
      [1, 2],
    ])
    letGo()
    await lab.stopEvaluation(id)
  })
})

describe('what cannot be evaluated is answered with a sentence', () => {
  const cases: [string, () => Promise<unknown>, RegExp][] = [
    ['a task that is not there', () => start('chess'), /There is no task called "chess"/],
    [
      'a checkpoint that is not there',
      () => lab.startEvaluations(study.id, [{ kind: 'run', runId: run.id, step: 1 }], ['copy'], only()),
      /w8 has no checkpoint at step 1/,
    ],
    [
      'a text without a file',
      () => lab.startEvaluations(study.id, [subject()], ['text'], only({ split: null })),
      /Text has no file yet/,
    ],
    [
      'examples of a text',
      () => lab.startEvaluations(study.id, [subject()], ['text'], only({ shots: 2 })),
      /shots: Text has no examples/,
    ],
    [
      'a model that is not there',
      () => lab.startEvaluations(study.id, [{ kind: 'model', modelId: 'x' }], ['copy'], only()),
      /not in the lab/,
    ],
    [
      'no task at all',
      () => lab.startEvaluations(study.id, [subject()], [], only()),
      /tasks: must name at least one task/,
    ],
    ['a page of a stranger', () => lab.readSamples('x', { verdict: 'all', from: 0, count: 1 }), /not here any more/],
  ]
  test.each(cases)('%s', async (_, ask, sentence) => {
    await expect(ask()).rejects.toThrow(sentence)
    expect(await lab.listEvaluations(study.id)).toEqual([])
  })
})

describe('members are evaluated as they finish', () => {
  test('where their study asks for it, with its tasks, and not twice', async () => {
    expect(await lab.automaticEvaluation(study.id)).toEqual(defaultAutomaticEvaluation)
    const automatic = { isOn: true, tasks: ['text', 'brackets'], options: only({ limit: 5 }) }
    const told: unknown[] = []
    lab.listen('automaticEvaluation', (news) => told.push(news))
    expect(await lab.setAutomaticEvaluation(study.id, automatic)).toEqual(automatic)
    expect(told).toEqual([{ studyId: study.id, automatic }])
    const [second] = await lab.startRuns(study.id, ['w8'])
    await runIn(lab, second.id, 'finished')
    const made = await until(async () => {
      const all = await lab.listEvaluations(study.id)
      return all.length === 2 && all.every(({ state }) => state === 'finished') && all
    }, 'two evaluations')
    expect(
      made.map(({ task, subject: of, isAutomatic, options: { split, limit } }) => [
        task,
        of.kind === 'run' && of.runId,
        isAutomatic,
        split,
        limit,
      ]),
    ).toEqual([
      ['text', second.id, true, 'validation', 5],
      ['brackets', second.id, true, null, 5],
    ])
    expect(script.jobs[0].tasks[0].documents).toMatchObject({
      split: 'validation',
      corpusFolder: expect.stringContaining('corpora'),
    })
    await lab.close()
    lab = await bench.open()
    expect(await lab.automaticEvaluation(study.id)).toEqual(automatic)
    expect((await lab.listEvaluations(study.id)).length).toBe(2)
    await expect(lab.setAutomaticEvaluation(study.id, { ...automatic, tasks: ['chess'] })).rejects.toThrow(
      'tasks: there is no task called "chess".',
    )
  })

  test('and nowhere else', async () => {
    const [second] = await lab.startRuns(study.id, ['w8'])
    await runIn(lab, second.id, 'finished')
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(await lab.listEvaluations(study.id)).toEqual([])
  })
})

test('a study that is deleted stops what is evaluated in it', async () => {
  script.go = never
  const [{ id }] = await start('brackets')
  await evaluationIn(id, 'running')
  await lab.deleteStudy(study.id)
  await lab.restoreStudy(study.id)
  await evaluationIn(id, 'cancelled')
})

test('the rows of a task come from a file that is looked through first, and stay when the file goes', async () => {
  const path = join(bench.home, '..', 'rows.jsonl')
  mkdirSync(bench.home, { recursive: true })
  writeFileSync(path, '{"goal":"g","sol1":"a","sol2":"b","label":0}\n{"goal":"g","sol1":"a","label":0}\n')
  await expect(lab.addTaskFile('piqa', 'items', path)).rejects.toThrow(/rows\.jsonl, line 2: the field sol2 is missing/)
  expect((await lab.listTasks()).find(({ name }) => name === 'piqa')!.files).toEqual([])
  writeFileSync(path, '{"goal":"g","sol1":"a","sol2":"b","label":0}\n')
  const told: string[] = []
  lab.listen('task', ({ name, files }) => told.push(`${name} ${files.length}`))
  const piqa = await lab.addTaskFile('piqa', 'items', path)
  expect(piqa.files).toMatchObject([{ role: 'items', name: 'rows.jsonl', rows: 1, source: 'file' }])
  writeFileSync(path, '')
  const [{ id }] = await start('piqa')
  await evaluationIn(id, 'finished')
  const [data] = script.jobs[0].tasks[0].data as string[]
  expect(readFileSync(data, 'utf8')).toContain('"sol2":"b"')
  expect((await lab.removeTaskFile('piqa', 'items')).files).toEqual([])
  expect(told).toEqual(['piqa 1', 'piqa 0'])
  await expect(lab.addTaskFile('piqa', 'items', path)).rejects.toThrow(/rows\.jsonl/) // an empty one
})

test('a task of one’s own goes by its content: rows stay, a changed file is another, results outlive it', async () => {
  const path = join(bench.home, '..', 'own.json')
  const task = { name: 'own', kind: 'choices', context: '{q}', choices: ['yes', 'no'], answer: 'right', shots: 1 }
  const write = (rows: object[]) => writeFileSync(path, JSON.stringify({ ...task, rows }))
  write([{ q: 'a', right: 3 }])
  await expect(lab.addTask(path)).rejects.toThrow(
    /own\.json, row 1: the field right must be a whole number from 0 to 1/,
  )
  const rows = [
    { q: 'a', right: 0 },
    { q: 'b', right: 1 },
  ]
  write(rows)
  const first = await lab.addTask(path)
  expect(first).toMatchObject({ isOwn: true, isMade: false, chance: 0.5, files: [{ rows: 2, name: 'own.json' }] })
  expect((await lab.addTask(path)).name).toBe(first.name)
  const [made] = await start(first.name)
  expect(made.options.shots).toBe(1) // its own, where none are asked for
  await evaluationIn(made.id, 'finished')
  const [choice] = script.jobs[0].tasks
  expect(choice.own).toMatchObject({ name: first.name, kind: 'choices' })
  expect(readFileSync((choice.data as string[])[0], 'utf8')).toBe(
    rows.map((row) => `${JSON.stringify(row)}\n`).join(''),
  )

  write([...rows, { q: 'c', right: 0 }])
  const second = await lab.addTask(path)
  expect(second.name).not.toBe(first.name)
  expect((await start('own'))[0].task).toBe(second.name) // by its bare name the newest
  await lab.close()
  lab = await bench.open()
  const own = (await lab.listTasks()).filter(({ isOwn }) => isOwn)
  expect(own.map(({ name }) => name)).toEqual([first.name, second.name])
  await lab.removeTask(first.name)
  expect((await lab.listTasks()).some(({ name }) => name === first.name)).toBe(false)
  expect((await lab.listEvaluations(study.id)).find(({ id }) => id === made.id)!.result).not.toBeNull()
  await expect(lab.removeTask('piqa')).rejects.toThrow(/no task of your own/)
})
