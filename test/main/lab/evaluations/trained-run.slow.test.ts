// A lab that evaluates what it trained: nothing is scripted but where an evaluation hangs, so that it can be stopped
// there.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { defaultEvaluationOptions, type Evaluation, isRight } from '#shared/evaluation/evaluation.ts'
import { Fault } from '#shared/fault.ts'
import type { RunSummary } from '#shared/run.ts'
import type { TaskState } from '#shared/task-state.ts'
import { type EvaluateJob, evaluateJob } from '#main/core/evaluation/evaluate-job.ts'
import type { LabHost } from '#main/lab/lab.ts'
import type { Job } from '#main/worker.ts'
import { runIn, tinyLab, tinyStudy, until, type Bench } from '../../../support/tiny-lab.ts'

let bench: Bench
let lab: LabHost
let studyId: string
let run: RunSummary
beforeEach(async () => {
  bench = tinyLab()
  lab = await bench.open()
  studyId = (await tinyStudy(lab)).id
  const [begun] = await lab.startRuns(studyId, ['w8'])
  run = await runIn(lab, begun.id, 'finished')
})
afterEach(() => bench.clean())

const options = { ...defaultEvaluationOptions, limit: 40 }
const start = (...tasks: string[]) =>
  lab.startEvaluations(studyId, [{ kind: 'run', runId: run.id, step: null }], tasks, options)
const reaches = (id: string, state: TaskState): Promise<Evaluation> =>
  until(
    async () => (await lab.listEvaluations(studyId)).find((one) => one.id === id && one.state === state),
    `an evaluation that is ${state}`,
  )
const page = (id: string, verdict: 'all' | 'right' | 'wrong' = 'all', from = 0, count = 100) =>
  lab.readSamples(id, { verdict, from, count })

/** Lets the first evaluating score so many items and then wait until it is stopped; keeps the jobs. */
function hangAfter(items: number): EvaluateJob[] {
  const jobs: EvaluateJob[] = []
  bench.answer = (job: Job, signal) => {
    if (job.kind !== 'evaluate') return null
    jobs.push(job)
    return jobs.length > 1
      ? null
      : (async function* () {
          for (
            const records = evaluateJob({ ...job, tasks: job.tasks.map((one) => ({ ...one, limit: items })) }, signal);
            ;
          ) {
            const next = await records.next()
            if (next.done) break
            yield next.value
          }
          await new Promise((resolve) => signal.addEventListener('abort', resolve))
          throw new Fault('cancelled', 'Cancelled.')
        })()
  }
  return jobs
}

it('scores the last checkpoint on a synthetic task and on its own text; the numbers are those of the items, and the result file has them too', async () => {
  const [brackets, text] = await Promise.all((await start('brackets', 'text')).map(({ id }) => reaches(id, 'finished')))
  expect(brackets).toMatchObject({
    subject: { kind: 'run', runId: run.id, step: run.steps },
    memberId: 'w8',
    parameters: run.parameters,
    flops: run.flops,
    done: 40,
    of: 40,
    result: { task: 'brackets', items: 40, shots: 0, chance: 0.25 },
  })
  const { items } = await page(brackets.id)
  expect(items.map(({ index }) => index)).toEqual(Array.from({ length: 40 }, (_, i) => i))
  const acc = brackets.result!.metrics.find(({ name }) => name === 'acc')!
  expect(acc.value).toBeCloseTo(items.filter(isRight).length / 40, 12)
  expect((await page(brackets.id, 'right')).total + (await page(brackets.id, 'wrong')).total).toBe(40)
  expect((await page(brackets.id, 'all', 30, 5)).items.map(({ index }) => index)).toEqual([30, 31, 32, 33, 34])

  const bits = text.result!.metrics.find(({ name }) => name === 'bits_per_byte')!
  const documents = (await page(text.id)).items
  const nats = documents.reduce((sum, { logLikelihoods }) => sum - logLikelihoods[0], 0)
  expect(bits.value).toBeCloseTo(nats / Math.LN2 / documents.reduce((sum, { size }) => sum + size!.bytes, 0), 10)
  expect(bits.value).toBeLessThan(9) // log2 257 = 8.006 for a model that knows nothing

  const file = JSON.parse(readFileSync(join(bench.home, 'evaluations', brackets.id, 'results.json'), 'utf8'))
  expect(file).toMatchObject({
    results: { brackets: { alias: 'brackets', 'acc,none': acc.value, 'acc_stderr,none': acc.stderr } },
    'n-shot': { brackets: 0 },
    'n-samples': { brackets: { original: 500, effective: 40 } },
    model_name: 'w8',
    config: { limit: 40 },
  })
})

it('cancelled in the middle, ends with the numbers of one that never stopped', async () => {
  const jobs = hangAfter(15)
  const [made] = await start('copy')
  await until(async () => (await page(made.id)).total === 15)
  expect(await lab.stopEvaluation(made.id)).toMatchObject({ state: 'cancelled', done: 15 })
  await lab.resumeEvaluation(made.id)
  const resumed = await reaches(made.id, 'finished')
  expect(jobs[1].done!.map(({ index }) => index)).toEqual(Array.from({ length: 15 }, (_, i) => i))
  const [whole] = await start('copy')
  expect(whole.id).not.toBe(made.id)
  expect((await reaches(whole.id, 'finished')).result).toEqual(resumed.result)
  expect((await page(whole.id)).items).toEqual((await page(made.id)).items)
})

it('scores everything anew when the rows have changed since', async () => {
  const file = join(bench.home, 'rows.jsonl')
  const add = async (word: string) => {
    writeFileSync(
      file,
      Array.from({ length: 40 }, (_, i) => `{"context":"${word} ${i}","choices":["b","c"],"gold":0}\n`).join(''),
    )
    await lab.addTaskFile('copy', 'items', file)
  }
  await add('one')
  const jobs = hangAfter(15)
  const [made] = await start('copy')
  await until(async () => (await page(made.id)).total === 15)
  await lab.stopEvaluation(made.id)
  await add('other')
  await lab.resumeEvaluation(made.id)
  await reaches(made.id, 'finished')
  // The worker is offered what was scored, with the identity it was scored under, and takes none of it.
  expect(jobs[1].done).toHaveLength(15)
  const { items } = await page(made.id)
  expect(items.map(({ contexts }) => contexts[0])).toEqual(items.map((_, i) => `other ${i}`))
  expect(items.length).toBeGreaterThan(15)
})

it('fails with the sentence that names file, line and length', async () => {
  const file = join(bench.home, 'long.jsonl')
  writeFileSync(file, '{"context":"a","choices":["antidisestablishmentarianism","b"],"gold":0}\n')
  await lab.addTaskFile('copy', 'items', file)
  const [made] = await start('copy')
  expect(await reaches(made.id, 'failed')).toMatchObject({
    code: 'too-large',
    message: expect.stringMatching(/long\.jsonl, line 1: .* has 29 tokens, and the model reads no more than 8/),
    result: null,
  })
})
