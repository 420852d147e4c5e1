// An evaluation from its start to its end: queued, cut off, resumed, cancelled, refused.
import { existsSync, readFileSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { type Evaluation } from '#shared/evaluation/evaluation.ts'
import { Fault } from '#shared/fault.ts'
import { until } from '../../../support/tiny-lab.ts'
import {
  bench,
  lab,
  study,
  run,
  script,
  scripted,
  open,
  never,
  only,
  subject,
  evaluationIn,
  start,
  openScriptedLab,
} from './bench.ts'

openScriptedLab()

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
    await open()
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
